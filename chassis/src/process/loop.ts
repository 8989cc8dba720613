import { isServerAway } from '../postgres/errors.js';
import type { Logger } from './logger.js';

export interface Loop {
  /** Runs the next turn at once instead of after the idle time. */
  wake(): void;
  /** The error of a failing turn; undefined while all turns succeed. */
  trouble(): unknown;
  /** Resolves when the running turns have ended. May be called twice. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly idleMs: number;
  /** One unit of work. Lanes are numbered from 0. */
  readonly turn: (lane: number) => Promise<'busy' | 'idle'>;
  /** Number of turns that run at the same time, 1 by default. */
  readonly lanes?: number;
}

/** The limit on logged reasons: a message that contains a changing number would otherwise be logged each time. */
const MAX_REPORTED_REASONS = 10;

/** The different errors of one server restart are treated as one reason. */
function reasonOf(error: unknown): string {
  if (isServerAway(error)) return 'the server is away';
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs `turn` until stopped: again at once when it returns 'busy', otherwise after `idleMs` or a wake. A turn that
 * throws is retried with backoff. In a series of failures each reason is logged once, so that a long outage takes a few
 * lines. Logging only the first reason would hide the one that lasts, because that often comes later.
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
          log.warn({ err: error }, `${name}: failed, retrying until it works`);
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
 * A sleep that can be interrupted: `wait` returns when `wake` has been called since the last wait, or after the
 * timeout. A wake before the wait is remembered, so no work waits for the timeout.
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

/** The delay before attempt `attempt` (from 0). It doubles up to `maxMs`; up to 20 % of jitter spreads the clients. */
export function backoffMs(attempt: number, { firstMs = 100, maxMs = 5_000 } = {}): number {
  const delayMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
  return delayMs * (0.8 + 0.2 * Math.random());
}
