import { setTimeout as delay } from 'node:timers/promises';

export interface Restartable {
  readonly name: string;
  readonly ended: Promise<string>;
  restart(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran this long has recovered: its next crash starts again with the short pause. */
const STEADY_AFTER_MS = 30_000;

/** What compose calls `restart: unless-stopped`, with one line per crash. Ends when `signal` says that we are stopping. */
export async function keepRunning(
  server: Restartable,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  let startedAt = Date.now();
  let how = await server.ended;
  while (!signal.aborted) {
    if (Date.now() - startedAt > STEADY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
    say(`${server.name} ended (${how}). Restarting it in ${pauseMs / 1000} s.`);
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    startedAt = Date.now();
    try {
      await server.restart();
      how = await server.ended;
    } catch (error) {
      how = error instanceof Error ? error.message : String(error);
    }
  }
}
