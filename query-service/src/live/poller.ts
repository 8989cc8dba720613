import type { Logger } from '@tallyline/chassis/logger';

// biome-ignore lint/suspicious/noExplicitAny: sources of different types stand in one list
export interface Source<T = any> {
  readonly name: string;
  readonly intervalMs: number;
  read(): Promise<T>;
  /** What of it counts as a change; all of it when left out. */
  readonly same?: (value: T) => unknown;
}

export interface Poller {
  start(): void;
  pause(): void;
  stop(): Promise<void>;
}

export interface PollerOptions {
  readonly log: Logger;
  readonly sources: readonly Source[];
  readonly onChange: (name: string, json: string) => void;
}

/** A slow database is asked less often: a source is never read more than a quarter of the time. */
const PAUSE_FACTOR = 3;
/** Said again at this interval when nothing changed, so that a page can tell a quiet shop from a dead connection. */
const REPEAT_MS = 10_000;

/**
 * Reads each source at its interval and tells what changed. Comparing what was read is all the change detection there is:
 * each read is a few index ranges, so a cheaper question in front of it would not pay for itself.
 */
export function createPoller({ log, sources, onChange }: PollerOptions): Poller {
  const timers = new Map<string, NodeJS.Timeout>();
  const reading = new Set<Promise<void>>();
  let running = 0;

  const poll = async (source: Source, run: number, last: { text: string; at: number }, failed: boolean) => {
    const startedAt = performance.now();
    let next = last;
    let failing = false;
    try {
      const value = await source.read();
      const text = JSON.stringify(source.same ? source.same(value) : value);
      if (run === running && (text !== last.text || startedAt - last.at > REPEAT_MS)) {
        onChange(source.name, JSON.stringify(value));
        next = { text, at: startedAt };
      }
    } catch (error) {
      failing = true;
      if (!failed) log.warn({ err: error, source: source.name }, 'live numbers cannot be read, trying again');
    }
    if (run !== running) return;
    const tookMs = performance.now() - startedAt;
    const again = () => turn(source, run, next, failing);
    timers.set(source.name, setTimeout(again, Math.max(source.intervalMs - tookMs, PAUSE_FACTOR * tookMs)));
  };
  const turn = (source: Source, run: number, last: { text: string; at: number }, failed: boolean) => {
    const turnUnderWay = poll(source, run, last, failed).finally(() => reading.delete(turnUnderWay));
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
      for (const source of sources) turn(source, running, { text: '', at: 0 }, false);
    },
    pause,
    stop: async () => {
      pause();
      await Promise.all(reading);
    },
  };
}
