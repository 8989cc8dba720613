import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/process/logger';
import type { PartName } from './parts.js';
import { createPoller, type Sources } from './poller.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** The longest time in ms between two sends of each part, while nothing changes and each read takes `tookMs`. */
async function longestSilences(tookMs: number): Promise<Partial<Record<PartName, number>>> {
  const intervals: Record<PartName, number> = {
    freshness: 1_000,
    today: 1_000,
    top: 2_000,
    branches: 3_000,
    days: 30_000,
  };
  const read = async () => {
    if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
    return {};
  };
  const sources = Object.fromEntries(
    Object.entries(intervals).map(([name, intervalMs]) => [name, { intervalMs, read }]),
  ) as unknown as Sources;
  const sent = new Map<PartName, number[]>();
  const onChange = (name: PartName) => sent.set(name, [...(sent.get(name) ?? []), performance.now()]);
  const onLoss = () => undefined;
  const poller = createPoller({ log: createLogger('test', 'silent', 'json'), sources, onChange, onLoss });
  poller.start();
  await jest.advanceTimersByTimeAsync(120_000);
  const stopped = poller.stop();
  await jest.advanceTimersByTimeAsync(tookMs);
  await stopped;
  const longestSilence = ([name, times]: [PartName, number[]]) => [
    name,
    Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0))),
  ];
  return Object.fromEntries([...sent].map(longestSilence));
}

test('sends an unchanged part again within 10 s, or as often as it is read', async () => {
  expect(await longestSilences(0)).toEqual({
    freshness: 10_000,
    today: 10_000,
    top: 10_000,
    branches: 9_000,
    days: 30_000,
  });
});

test.each([1_000, 2_500, 4_000, 5_000])(
  'sends an unchanged part again within 10 s when a read takes %d ms',
  async (tookMs) => {
    const { days, ...others } = await longestSilences(tookMs);
    expect(Object.keys(others)).toHaveLength(4);
    expect(Math.max(...Object.values(others))).toBeLessThanOrEqual(10_000);
    expect(days).toBe(30_000);
  },
);
