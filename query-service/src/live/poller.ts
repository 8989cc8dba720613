import type { Logger } from '@tallyline/chassis/process/logger';
import { Wake } from '@tallyline/chassis/process/loop';
import type { PartName, Parts } from './parts.js';

export interface Source<T> {
  readonly intervalMs: number;
  read(): Promise<T>;
  /** Picks the data whose change counts; by default all of it. */
  readonly compared?: (value: T) => unknown;
}

export type Sources = { readonly [P in PartName]: Source<Parts[P]> };

export interface Poller {
  start(): void;
  pause(): void;
  stop(): Promise<void>;
}

export interface PollerOptions {
  readonly log: Logger;
  readonly sources: Sources;
  readonly onChange: (name: PartName, json: string) => void;
  /** Called when a part cannot be read: the data that was sent of it may be out of date. */
  readonly onLoss: (name: PartName) => void;
}

/** A slow source rests for a multiple of the time that its read took, so that a slow database gets fewer queries. */
const PAUSE_FACTOR = 3;
/** The page treats a silence of 15 s as a lost connection. With this limit even reads of 5 s are sent every 10 s. */
const MAX_PAUSE_MS = 5_000;
/** An unchanged part is sent again after this time, so that a page can distinguish a quiet shop from a dead connection. */
export const REPEAT_MS = 10_000;

/**
 * Reads each source at its interval and reports its changes. It compares the data itself: a read is a few index ranges, so a
 * separate check for changes would cost about as much.
 */
export function createPoller({ log, sources, onChange, onLoss }: PollerOptions): Poller {
  const loops = new Set<Promise<void>>();
  let run = new AbortController();

  const follow = async <P extends PartName>(name: P, signal: AbortSignal) => {
    const source = sources[name] as Source<Parts[P]>;
    const periodMs = (tookMs: number) =>
      Math.max(source.intervalMs, tookMs + Math.min(PAUSE_FACTOR * tookMs, MAX_PAUSE_MS));
    const pauseEnd = new Wake();
    signal.addEventListener('abort', () => pauseEnd.wake());
    let sent = { text: '', at: 0 };
    let isFailing = false;
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        const value = await source.read();
        const text = JSON.stringify(source.compared ? source.compared(value) : value);
        const isDue = startedAt + periodMs(performance.now() - startedAt) - sent.at > REPEAT_MS;
        if (!signal.aborted && (text !== sent.text || isDue)) {
          onChange(name, JSON.stringify(value));
          sent = { text, at: startedAt };
        }
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.warn({ err: error, part: name }, 'cannot read live numbers; trying again');
        isFailing = true;
        sent = { text: '', at: 0 };
        if (!signal.aborted) onLoss(name);
      }
      const tookMs = performance.now() - startedAt;
      await pauseEnd.wait(periodMs(tookMs) - tookMs);
    }
  };
  const pause = () => run.abort();

  return {
    start: () => {
      pause();
      run = new AbortController();
      for (const name of Object.keys(sources) as PartName[]) {
        const loop = follow(name, run.signal).finally(() => loops.delete(loop));
        loops.add(loop);
      }
    },
    pause,
    stop: async () => {
      pause();
      await Promise.all(loops);
    },
  };
}
