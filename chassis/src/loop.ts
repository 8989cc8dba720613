import { backoffMs } from './backoff.js';
import type { Logger } from './logger.js';
import { Wake } from './wake.js';

export interface Loop {
  /** Runs the next turn at once instead of after the idle time. */
  wake(): void;
  /** Resolves when the turn under way has ended. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Runs `turn` for ever: again at once while it says 'busy', after `idleMs` (or a wake) otherwise. A turn that throws is
 * tried again with backoff and logged once per series of failures, so that an hour's outage is two lines, not a flood.
 */
export function startLoop(
  name: string,
  log: Logger,
  { idleMs, turn }: { idleMs: number; turn: () => Promise<'busy' | 'idle'> },
): Loop {
  const alarm = new Wake();
  let stopping = false;
  let failures = 0;

  const run = async () => {
    while (!stopping) {
      try {
        const state = await turn();
        if (failures > 0) log.info({ failures }, `${name}: works again`);
        failures = 0;
        if (state === 'idle' && !stopping) await alarm.wait(idleMs);
      } catch (error) {
        if (failures === 0) log.warn({ err: error }, `${name}: failed, trying again until it works`);
        else log.debug({ err: error, failures }, `${name}: still failing`);
        if (!stopping) await alarm.wait(backoffMs(failures));
        failures += 1;
      }
    }
  };
  const ended = run();

  return {
    wake: () => alarm.wake(),
    stop: () => {
      stopping = true;
      alarm.wake();
      return ended;
    },
  };
}
