import { eventually } from '@tallyline/local/testing/eventually';
import type pg from 'pg';

export interface LockWaiter {
  readonly transactionStartedAt: Date;
}

/** Resolves when exactly `count` sessions of the database wait for a lock. */
export function untilLockWaiters(db: pg.Pool, count: number): Promise<LockWaiter[]> {
  return eventually(async () => {
    const { rows } = await db.query<LockWaiter>(
      `SELECT xact_start AS "transactionStartedAt" FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length !== count) throw new Error(`${rows.length} sessions wait for a lock, not ${count}`);
    return rows;
  });
}
