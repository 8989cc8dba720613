import { expect, test } from '@jest/globals';
import { onPool, type Tx, withRolledBackTransaction } from '@tallyline/chassis/postgres/pool';
import { viewRevisions } from '@tallyline/contracts/view-revisions';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { readSyncStatus, syncFactsOf } from './sync-status.js';

const { pool } = await openTestDatabase('read', { maxConnections: 1 });

test('sync-status reads a limited part of a ledger of months, and counts pending events only in that part', async () => {
  await pool.query(`
    INSERT INTO event_ledger (second, committed, settled, first_at, last_settled_at)
    SELECT second, 2, (n = 1)::int, second, CASE WHEN n = 1 THEN second END
      FROM generate_series(1, 150000) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '1 second' AS second) AS s`);
  await pool.query(`
    UPDATE sync_state SET measured_at = clock_timestamp(), received_at = clock_timestamp(), clock_offset = interval '0'`);
  await pool.query('VACUUM ANALYZE event_ledger');
  const before = await rowsRead();
  expect(await readSyncStatus(onPool(pool))).toMatchObject({
    status: 'catching-up',
    pendingEvents: 199_999,
    completeUpTo: '2026-01-01T00:00:01.000Z',
    lastProcessedEventTimestamp: '2026-01-01T00:00:01.000Z',
  });
  expect((await rowsRead()) - before).toBeLessThan(101_000);
});

test('sync-status is complete up to a gap in the watermarks at most, even if a second after the gap lacks an event', async () => {
  await pool.query('TRUNCATE event_ledger');
  await pool.query(`
    INSERT INTO event_ledger (second, committed, first_at)
    SELECT second, 1, second FROM date_trunc('second', now() - interval '1 minute') AS second`);
  await pool.query("UPDATE sync_state SET measured_at = now() - interval '1 hour'");
  const measuredAt = (await pool.query('SELECT measured_at AS at FROM sync_state')).rows[0].at.toISOString();
  const { lagSeconds, ...status } = await readSyncStatus(onPool(pool));
  expect(status).toMatchObject({ status: 'stale', pendingEvents: 1, completeUpTo: measuredAt });
  expect(lagSeconds).toBeGreaterThanOrEqual(3_600);
  await pool.query('UPDATE sync_state SET measured_at = NULL');
  expect(await readSyncStatus(onPool(pool))).toMatchObject({ status: 'unknown', lagSeconds: null, completeUpTo: null });
});

test('sync-status knows the number of parked events without reading them', async () => {
  await pool.query(`
    INSERT INTO parked_events (event_id, event_type, version, queue, reason, counted, body, properties)
    SELECT gen_random_uuid(), 'OrderCreated', 99, 'order-events', 'newer', true, '', '{}' FROM generate_series(1, 2000)`);
  await pool.query('DELETE FROM parked_events WHERE event_id IN (SELECT event_id FROM parked_events LIMIT 500)');
  const before = await rowsRead('parked_events');
  expect(await readSyncStatus(onPool(pool))).toMatchObject({ parkedEvents: 1_500 });
  expect((await rowsRead('parked_events')) - before).toBe(0);
  await pool.query('TRUNCATE parked_events');
  expect(await readSyncStatus(onPool(pool))).toMatchObject({ parkedEvents: 0 });
});

test.each([
  [
    'has no row, because an operator has deleted it',
    "DELETE FROM view_history WHERE view = 'orders_read'",
    ['orders_read'],
  ],
  [
    'is complete in an earlier revision alone',
    "UPDATE view_history SET revision = 0 WHERE view = 'orders_read'",
    ['orders_read'],
  ],
  ['is complete in a later revision', "UPDATE view_history SET revision = 2 WHERE view = 'orders_read'", []],
  [
    'belongs to a later release, and earlier consumers run',
    "INSERT INTO view_history (view, revision, complete) VALUES ('later_view', 1, false)",
    ['later_view'],
  ],
])('sync-status judges the history of a view that %s', async (_which, statement, lacking) => {
  await changed(statement, async (db) => expect((await readSyncStatus(db)).viewsLackingHistory).toEqual(lacking));
});

test('sync-status does not name a view that this release has retired, and an earlier release does', async () => {
  await changed("UPDATE view_history SET complete = false WHERE view = 'orders_read'", async (db) => {
    const { orders_read, ...remaining } = viewRevisions;
    expect(orders_read).toBe(1);
    const retired = await readSyncStatus(db, syncFactsOf(remaining, ['orders_read']));
    expect(retired.viewsLackingHistory).toEqual([]);
    expect((await readSyncStatus(db)).viewsLackingHistory).toEqual(['orders_read']);
  });
});

/** Runs `read` in a transaction with a change that is undone afterwards. */
async function changed(statement: string, read: (tx: Tx) => Promise<void>): Promise<void> {
  await withRolledBackTransaction(pool, 'a change', async (tx) => {
    await tx.query({ text: statement });
    await read(tx);
  });
}

/** Returns how many rows of a table were read so far, by scans and through indexes. The flush makes the count current. */
async function rowsRead(table = 'event_ledger'): Promise<number> {
  await pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await pool.query(
    'SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) AS n FROM pg_stat_user_tables WHERE relname = $1',
    [table],
  );
  return Number(rows[0].n);
}
