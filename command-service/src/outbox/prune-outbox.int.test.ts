import { expect, test } from '@jest/globals';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { pruneOnce } from '@tallyline/chassis/postgres/pruning';
import { v7 as uuidv7 } from 'uuid';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { pruneIdempotencyKeys } from '../idempotency/prune-idempotency-keys.sql.js';
import { pruneOutbox } from './prune-outbox.sql.js';

const { pool } = await openTestDatabase('write', { emptied: ['outbox', 'outbox_pruned', 'idempotency_keys'] });

const DAY_MS = 86_400_000;

async function row(ageDays: number, isPublished: boolean): Promise<string> {
  const at = new Date(Date.now() - ageDays * DAY_MS);
  const id = uuidv7({ msecs: at.getTime() });
  await pool.query(`INSERT INTO outbox (id, topic, payload, created_at, published_at) VALUES ($1, 't', '{}', $2, $3)`, [
    id,
    at,
    isPublished ? at : null,
  ]);
  return id;
}

async function kept(): Promise<string[]> {
  const { rows } = await pool.query('SELECT id FROM outbox ORDER BY id');
  return rows.map(({ id }) => id);
}

/** How long ago the newest pruned event was committed. */
async function prunedDaysAgo(): Promise<number> {
  const { rows } = await pool.query('SELECT until AS at FROM outbox_pruned');
  return (Date.now() - rows[0].at.getTime()) / DAY_MS;
}

const prune = () => pruneOnce(pool, 'outbox', (tx) => pruneOutbox(tx, 30));

test('deletes published outbox rows older than the retention, but never the newest row', async () => {
  await row(32, true);
  const waiting = await row(31, false);
  const young = await row(29, true);
  expect(await prune()).toBe(1);
  expect(await prunedDaysAgo()).toBeCloseTo(32);
  expect(await kept()).toEqual([waiting, young]);
  expect(await prune()).toBe(0);

  await pool.query('DELETE FROM outbox');
  await row(60, true);
  const newest = await row(50, true);
  expect(await prune()).toBe(1);
  expect(await kept()).toEqual([newest]);
  // The row of 60 days ago is older than the one of 32 days ago, so the recorded time stays.
  expect(await prunedDaysAgo()).toBeCloseTo(32);
});

test('deletes no outbox row when the retention is a century', async () => {
  for (const days of [1, 2, 3]) await row(days, true);
  expect(await pruneOnce(pool, 'outbox', (tx) => pruneOutbox(tx, 36_500))).toBe(0);
});

test('deletes no outbox row while another replica prunes', async () => {
  await row(60, true);
  await row(1, true);
  await withTransaction(pool, 'hold the lock', async (tx) => {
    await tx.query({ text: "SELECT pg_advisory_xact_lock(hashtextextended('prune outbox', 0))" });
    expect(await prune()).toBe(0);
  });
  expect(await prune()).toBe(1);
});

test('deletes idempotency keys that are older than their retention, and no others', async () => {
  await pool.query(`
    INSERT INTO idempotency_keys (scope, key, fingerprint, result, created_at)
    SELECT 'orders', hours::text, '\\x00', '{}', now() - hours * interval '1 hour' FROM unnest(ARRAY[1, 23, 25, 90]) AS hours`);
  expect(await pruneOnce(pool, 'keys', (tx) => pruneIdempotencyKeys(tx, 24))).toBe(2);
  const { rows } = await pool.query('SELECT key FROM idempotency_keys ORDER BY created_at DESC');
  expect(rows.map(({ key }) => key)).toEqual(['1', '23']);
});
