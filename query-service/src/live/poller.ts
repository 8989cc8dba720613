import type { Logger } from '@tallyline/chassis/process/logger';
import { Wake } from '@tallyline/chassis/process/loop';
import type { PartName, Parts } from './parts.js';

export interface Source<T> {
  readonly intervalMs: number;
  read(): Promise<T>;
  /** What of it counts as a change; all of it when left out. */
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
  /** It cannot be read: what was told of it is the past. */
  readonly onLoss: (name: PartName) => void;
}

/** A slow database is asked less often: a source is read a quarter of the time, a very slow one half of it. */
const PAUSE_FACTOR = 3;
/**
 * Between two reads of 4 s each the page heard nothing for 16 s, and takes 15 s for a lost connection. With this it hears
 * within 10 s of what takes 5 s to read, as long as a statement may.
 */
const MAX_PAUSE_MS = 5_000;
/** Said again by then although nothing changed, so that a page can tell a quiet shop from a dead connection. */
export const REPEAT_MS = 10_000;

/**
 * Reads each source at its interval and tells what changed. Comparing what was read is all the change detection there is:
 * each read is a few index ranges, so a cheaper question in front of it would not pay for itself.
 */
export function createPoller({ log, sources, onChange, onLoss }: PollerOptions): Poller {
  const loops = new Set<Promise<void>>();
  let run = new AbortController();

  const follow = async <P extends PartName>(name: P, signal: AbortSignal) => {
    const source = sources[name] as Source<Parts[P]>;
    const periodMs = (tookMs: number) =>
      Math.max(source.intervalMs, tookMs + Math.min(PAUSE_FACTOR * tookMs, MAX_PAUSE_MS));
    const alarm = new Wake();
    signal.addEventListener('abort', () => alarm.wake());
    let told = { text: '', at: 0 };
    let isFailing = false;
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        const value = await source.read();
        const text = JSON.stringify(source.compared ? source.compared(value) : value);
        const isDue = startedAt + periodMs(performance.now() - startedAt) - told.at > REPEAT_MS;
        if (!signal.aborted && (text !== told.text || isDue)) {
          onChange(name, JSON.stringify(value));
          told = { text, at: startedAt };
        }
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.warn({ err: error, part: name }, 'live numbers cannot be read, trying again');
        isFailing = true;
        told = { text: '', at: 0 };
        if (!signal.aborted) onLoss(name);
      }
      const tookMs = performance.now() - startedAt;
      await alarm.wait(periodMs(tookMs) - tookMs);
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
