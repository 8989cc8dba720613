import { setTimeout as delay } from 'node:timers/promises';
import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { findEventWriters } from './event-time.sql.js';

/**
 * What one look at the database showed: its clock, then the writers that were at work. `since` has for each writer the last
 * look at which it was not there yet, or undefined when there was none.
 */
export interface Look {
  readonly at: Date;
  readonly since: ReadonlyMap<string, Date | undefined>;
}

/** A writer that an earlier look did not show has taken its lock, and stamps its events, after that look. */
export function look(before: Look | undefined, at: Date, writers: readonly string[]): Look {
  const since = writers.map((writer) => [writer, before?.since.has(writer) ? before.since.get(writer) : before?.at]);
  return { at, since: new Map(since as [string, Date | undefined][]) };
}

/** The time before which no more events can be committed; undefined while a writer is at work that was always there. */
export function horizonOf({ at, since }: Look): Date | undefined {
  let horizon: Date | undefined = at;
  for (const began of since.values()) {
    if (began === undefined) return undefined;
    if (began < horizon) horizon = began;
  }
  return horizon;
}

/** A group of orders is committed in 5 to 20 ms: a second and third look find nearly always that the first writers are gone. */
const LOOKS = 4;
const PAUSE_MS = 10;

/**
 * Reads the commit horizon: events stamped before it are committed, or never will be. It needs no name and no rights:
 * pg_locks shows every writer to every role, also behind a pooler. One reader remembers its looks, so use it for one
 * reporter alone.
 */
export function createCommitHorizon(): (tx: Tx) => Promise<{ now: Date; horizon: Date | undefined }> {
  let last: Look | undefined;
  const lookOnce = async (tx: Tx): Promise<Look> => {
    // Sent together; the database runs them in this order.
    const [at, writers] = await Promise.all([readClock(tx), findEventWriters(tx)]);
    last = look(last, at, writers);
    return last;
  };
  return async (tx) => {
    let latest = await lookOnce(tx);
    const now = latest.at;
    for (let looks = 1; looks < LOOKS && isBefore(horizonOf(latest), now); looks += 1) {
      await delay(PAUSE_MS);
      latest = await lookOnce(tx);
    }
    return { now, horizon: horizonOf(latest) };
  };
}

const isBefore = (horizon: Date | undefined, time: Date) => horizon === undefined || horizon < time;
