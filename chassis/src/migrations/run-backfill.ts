import { setTimeout as delay } from 'node:timers/promises';
import type { Migration } from './migration-file.js';
import { retryLocks } from './retry-locks.js';
import { recordEnd, recordStart } from './schema-migrations.sql.js';
import { limitLockWait, type MigrationSession } from './session.sql.js';

const PROGRESS_INTERVAL_MS = 5_000;
/** A backfill rests after each batch as long as the batch took, so that it takes at most half of a core and of the disk. */
const LONGEST_REST_MS = 1_000;

/**
 * A batch that is smaller than its limit has changed all rows that it could see. After so many in a row, only rows that arrive
 * meanwhile are left.
 */
const SMALL_BATCHES = 10;

/**
 * Runs the statement until it changes no row. Each batch is a transaction of its own, so a run that is interrupted loses one
 * batch, and the next run finds the rows that are left. An expand step also ends when only rows are left that services of the
 * release before add meanwhile, because that never ends; a contract step fills these.
 */
export async function runBackfill(session: MigrationSession, migration: Migration): Promise<void> {
  const { client, say, limits } = session;
  const statement = { text: migration.sql.replaceAll(/:batch\b/g, '$1'), values: [migration.batch] };
  await recordStart(client, migration);
  await limitLockWait(client, limits.lockTimeoutMs, 'SET');
  let rows = 0;
  let smallBatches = 0;
  let shownAt = performance.now();
  for (;;) {
    const startedAt = performance.now();
    const stored = 'The batches so far are stored.';
    const { rowCount } = await retryLocks(session, migration.file, stored, () => client.query(statement));
    if (!rowCount) break;
    rows += rowCount;
    smallBatches = rowCount < migration.batch ? smallBatches + 1 : 0;
    if (migration.step === 'expand' && smallBatches === SMALL_BATCHES) {
      say(`${migration.file}: ends, because only rows that services add meanwhile are left`);
      break;
    }
    const now = performance.now();
    if (now - shownAt > PROGRESS_INTERVAL_MS) {
      say(`${migration.file}: ${rows.toLocaleString('en-US')} rows so far`);
      shownAt = now;
    }
    await delay(Math.min(now - startedAt, LONGEST_REST_MS));
  }
  say(`${migration.file}: ${rows.toLocaleString('en-US')} rows`);
  await recordEnd(client, migration);
}
