import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import type { Queryable } from '@tallyline/chassis/postgres/pool';

/** What an operator may have published again. */
export interface ReplayWindow {
  readonly oldest: Date;
  readonly now: Date;
}

const DAY_MS = 86_400_000;

/** A day less than the inbox remembers: what is published again must arrive before it is forgotten. */
export async function readReplayWindow(db: Queryable, inboxDays: number): Promise<ReplayWindow> {
  const now = await readClock(db);
  return { oldest: new Date(now.getTime() - (inboxDays - 1) * DAY_MS), now };
}
