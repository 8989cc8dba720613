/** Delay before attempt `attempt` (from 0): exponential from 100 ms to 5 s, with up to 20 % of jitter against stampedes. */
export function backoffMs(attempt: number, { firstMs = 100, maxMs = 5_000 } = {}): number {
  const delayMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
  return delayMs * (0.8 + 0.2 * Math.random());
}
