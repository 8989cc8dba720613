import type { Logger } from '@tallyline/chassis/logger';
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
}

/** What was told last, and when. */
interface Told {
  readonly text: string;
  readonly at: number;
}

/** A slow database is asked less often: a source is never read more than a quarter of the time. */
const PAUSE_FACTOR = 3;
/** Said again by then although nothing changed, so that a page can tell a quiet shop from a dead connection. */
export const REPEAT_MS = 10_000;

/**
 * Reads each source at its interval and tells what changed. Comparing what was read is all the change detection there is:
 * each read is a few index ranges, so a cheaper question in front of it would not pay for itself.
 */
export function createPoller({ log, sources, onChange }: PollerOptions): Poller {
  const timers = new Map<PartName, NodeJS.Timeout>();
  const reading = new Set<Promise<void>>();
  let running = 0;

  const poll = async <P extends PartName>(name: P, run: number, last: Told, failed: boolean) => {
    const source = sources[name] as Source<Parts[P]>;
    const startedAt = performance.now();
    let next = last;
    let failing = false;
    try {
      const value = await source.read();
      const text = JSON.stringify(source.compared ? source.compared(value) : value);
      const isDue = startedAt + source.intervalMs - last.at > REPEAT_MS;
      if (run === running && (text !== last.text || isDue)) {
        onChange(name, JSON.stringify(value));
        next = { text, at: startedAt };
      }
    } catch (error) {
      failing = true;
      if (!failed) log.warn({ err: error, part: name }, 'live numbers cannot be read, trying again');
    }
    if (run !== running) return;
    const tookMs = performance.now() - startedAt;
    const again = () => turn(name, run, next, failing);
    timers.set(name, setTimeout(again, Math.max(source.intervalMs - tookMs, PAUSE_FACTOR * tookMs)));
  };
  const turn = (name: PartName, run: number, last: Told, failed: boolean) => {
    const turnUnderWay = poll(name, run, last, failed).finally(() => reading.delete(turnUnderWay));
    reading.add(turnUnderWay);
  };
  const pause = () => {
    running += 1;
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
  };

  return {
    start: () => {
      running += 1;
      for (const name of Object.keys(sources) as PartName[]) turn(name, running, { text: '', at: 0 }, false);
    },
    pause,
    stop: async () => {
      pause();
      await Promise.all(reading);
    },
  };
}
