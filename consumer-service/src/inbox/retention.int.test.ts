import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { pruneOnce } from '@tallyline/chassis/postgres/pruning';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { pruneLedger } from '../lag/ledger.sql.js';
import { pruneProcessedEvents } from './retention.sql.js';

const { pool } = await openTestDatabase('read');

const DAY_MS = 86_400_000;

/** Records an event that was committed `ageDays` ago and applied `appliedDays` ago. */
async function processed(ageDays: number, appliedDays: number): Promise<string> {
  const time = (Date.now() - ageDays * DAY_MS).toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
  await pool.query(`INSERT INTO processed_events (event_id, processed_at) VALUES ($1, now() - $2 * interval '1 day')`, [
    id,
    appliedDays,
  ]);
  return id;
}

/** Sets the time of the newest watermark; null means that there was none. */
const measured = (daysAgo: number | null) =>
  pool.query("UPDATE sync_state SET measured_at = date_trunc('second', now()) - $1 * interval '1 day'", [daysAgo]);

test('an event stays in the inbox for the whole retention period after it was applied', async () => {
  await measured(0);
  await processed(40, 40);
  const late = await processed(40, 2);
  const young = await processed(29, 29);
  // This foreign id begins like an old UUIDv7 by chance.
  const foreign = '00a1b2c3-d4e5-4f60-8123-456789abcdef';
  const longAgo = "INSERT INTO processed_events (event_id, processed_at) VALUES ($1, now() - interval '400 days')";
  await pool.query(longAgo, [foreign]);
  const prune = () => pruneOnce(pool, 'processed events', (tx) => pruneProcessedEvents(tx, 30));
  expect(await prune()).toBe(1);
  const { rows } = await pool.query('SELECT event_id AS id FROM processed_events ORDER BY event_id');
  expect(rows.map(({ id }) => id)).toEqual([foreign, late, young]);
  expect(await prune()).toBe(0);
});

test('nothing is pruned from the inbox when one clock jumps ahead', async () => {
  await pool.query('DELETE FROM processed_events');
  const prune = () => pruneOnce(pool, 'processed events', (tx) => pruneProcessedEvents(tx, 30));
  await processed(40, 40);
  await measured(367);
  expect(await prune()).toBe(0);
  await measured(null);
  expect(await prune()).toBe(0);
  await processed(29, 29);
  await measured(-367);
  expect(await prune()).toBe(1);
});

test('a second of the ledger is pruned when it is complete and old by the clock of the write side', async () => {
  const second = (days: number, committed: number, accounted: number) =>
    pool.query(
      `INSERT INTO event_ledger (second, committed, settled) VALUES (date_trunc('second', now()) - $1 * interval '1 day', $2, $3)`,
      [days, committed, accounted],
    );
  const prune = () => pruneOnce(pool, 'event ledger', (tx) => pruneLedger(tx, 30));
  await second(40, 3, 3);
  await second(41, 3, 2);
  await second(10, 3, 3);
  await measured(40);
  expect(await prune()).toBe(0);
  await measured(0);
  expect(await prune()).toBe(1);
  const { rows } = await pool.query('SELECT settled FROM event_ledger ORDER BY second');
  expect(rows.map(({ settled }) => settled)).toEqual([2, 3]);
});
