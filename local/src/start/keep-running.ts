import { setTimeout as delay } from 'node:timers/promises';

export interface Restartable {
  readonly name: string;
  readonly ended: Promise<string>;
  restart(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;
/** A server that ran this long has recovered, so the pause before its next restart is the first one again. */
const STEADY_AFTER_MS = 30_000;

/** Restarts a server each time it ends, with one line of output, until `signal` is aborted. */
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
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    startedAt = Date.now();
    try {
      await server.restart();
      how = await server.ended;
    } catch (error) {
      how = error instanceof Error ? error.message : String(error);
    }
  }
}
