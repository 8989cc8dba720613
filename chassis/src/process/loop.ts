import { isServerAway } from '../postgres/errors.js';
import type { Logger } from './logger.js';

export interface Loop {
  /** Runs the next turn at once instead of after the idle time. */
  wake(): void;
  /** Why its turns fail; undefined while they do not. */
  trouble(): unknown;
  /** Resolves when the turn under way has ended. May be called twice. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly idleMs: number;
  /** `lane`: which of the parallel runs this is, from 0. */
  readonly turn: (lane: number) => Promise<'busy' | 'idle'>;
  /** How many turns may be under way at once; 1 when left out. */
  readonly lanes?: number;
}

/** Reasons with a number in them would be another one each time. */
const MAX_REPORTED_REASONS = 10;

/** A restart of a server brings a different error each moment: they are one reason. */
function reasonOf(error: unknown): string {
  if (isServerAway(error)) return 'the server is away';
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs `turn` for ever: again at once while it says 'busy', after `idleMs` (or a wake) otherwise. A turn that throws is
 * tried again with backoff. In a series of failures each reason is logged once, so that an hour's outage is a few lines and
 * not a flood, and the reason that lasts is among them: the first one is often another.
 */
export function startLoop(name: string, log: Logger, { idleMs, turn, lanes = 1 }: LoopOptions): Loop {
  const alarms = Array.from({ length: lanes }, () => new Wake());
  const failing = new Map<number, unknown>();
  const reported = new Set<string>();
  let stopping = false;

  const run = async (alarm: Wake, lane: number) => {
    let failures = 0;
    while (!stopping) {
      try {
        const state = await turn(lane);
        if (failing.delete(lane) && failing.size === 0) {
          reported.clear();
          log.info({ failures }, `${name}: works again`);
        }
        failures = 0;
        if (state === 'idle' && !stopping) await alarm.wait(idleMs);
      } catch (error) {
        const reason = reasonOf(error);
        if (reported.size < MAX_REPORTED_REASONS && !reported.has(reason)) {
          reported.add(reason);
          log.warn({ err: error }, `${name}: failed, trying again until it works`);
        } else log.debug({ err: error, failures }, `${name}: still failing`);
        failing.set(lane, error);
        if (!stopping) await alarm.wait(backoffMs(failures));
        failures += 1;
      }
    }
  };
  const ended = Promise.all(alarms.map(run));
  const wake = () => {
    for (const alarm of alarms) alarm.wake();
  };

  return {
    wake,
    trouble: () => [...failing.values()][0],
    stop: async () => {
      stopping = true;
      wake();
      await ended;
    },
  };
}

/**
 * A loop's alarm clock: `wait` returns when somebody called `wake` since the last wait, or after a time. A wake that
 * comes before the wait is kept, so no work is slept over.
 */
export class Wake {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#resolve = undefined;
    }
    this.#pending = false;
  }
}

/** Delay before attempt `attempt` (from 0): exponential from 100 ms to 5 s, with up to 20 % of jitter against stampedes. */
export function backoffMs(attempt: number, { firstMs = 100, maxMs = 5_000 } = {}): number {
  const delayMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
  return delayMs * (0.8 + 0.2 * Math.random());
}
