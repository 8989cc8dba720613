import { setTimeout as delay } from 'node:timers/promises';
import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { findEventWriters } from '../outbox/event-time.sql.js';

/**
 * The commit horizon is the instant before which no writer can commit events any more. Every writer takes a shared lock
 * before it stamps its events, and holds it until its transaction ends. A look at the database reads the clock first and
 * then who holds the lock. A writer that was absent from one look and is there at the next has stamped its events after the
 * first look. So the horizon is the earliest such time among the current writers, or the clock if there are none.
 */
export interface Look {
  readonly at: Date;
  /** For each writer, the time of the last look that did not show it. Undefined for a writer that every look has shown. */
  readonly absentAt: ReadonlyMap<string, Date | undefined>;
}

export function look(before: Look | undefined, at: Date, writers: readonly string[]): Look {
  const absentAt = new Map<string, Date | undefined>();
  for (const writer of writers) {
    absentAt.set(writer, before?.absentAt.has(writer) ? before.absentAt.get(writer) : before?.at);
  }
  return { at, absentAt };
}

/** Returns undefined while there is a writer that every look has shown: nobody knows when it stamped its events. */
export function commitHorizon({ at, absentAt }: Look): Date | undefined {
  let horizon: Date | undefined = at;
  for (const time of absentAt.values()) {
    if (time === undefined) return undefined;
    if (time < horizon) horizon = time;
  }
  return horizon;
}

/** Most transactions last a few milliseconds, so a second or third look nearly always finds that the first writers are gone. */
const MAX_LOOKS = 4;
const PAUSE_MS = 10;

/**
 * Returns a function that reads the commit horizon. It needs no special rights, because pg_locks shows the locks of all
 * roles, also behind a pooler. It remembers the last look, so each watermark reporter needs its own.
 */
export function createCommitHorizonReader(): (tx: Tx) => Promise<{ now: Date; horizon: Date | undefined }> {
  let last: Look | undefined;
  const lookOnce = async (tx: Tx): Promise<Look> => {
    // Both statements are sent together, and the database runs them in this order.
    const [at, writers] = await Promise.all([readClock(tx), findEventWriters(tx)]);
    last = look(last, at, writers);
    return last;
  };
  return async (tx) => {
    let latest = await lookOnce(tx);
    const now = latest.at;
    for (let looks = 1; looks < MAX_LOOKS && isBefore(commitHorizon(latest), now); looks += 1) {
      await delay(PAUSE_MS);
      latest = await lookOnce(tx);
    }
    return { now, horizon: commitHorizon(latest) };
  };
}

const isBefore = (horizon: Date | undefined, time: Date) => horizon === undefined || horizon < time;
