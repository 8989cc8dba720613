import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { LATER_TABLE, laterView, laterViews, orderOf } from '../../../tests/later-release/later-view.js';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch, applyInTransaction } from '../inbox/apply-batch.js';
import { views, viewTables } from '../projections/index.js';
import type { View } from '../projections/view.js';
import { filledViews, registerViews } from './view-history.sql.js';

const { pool, url } = await openTestDatabase('read', {
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_archive_moved', 'event_ledger'],
});
const db = onPool(pool);
/** A consumer of release 0.2 declares nothing. One of a later release declares the views of its code. */
const consumers = { ofRelease02: createTestPool(url), present: consumerOf(views), later: consumerOf(laterViews) };
afterAll(() => Promise.all(Object.values(consumers).map((consumer) => consumer.end())));

beforeEach(async () => {
  await pool.query(`${LATER_TABLE}; TRUNCATE customer_orders_view`);
  await pool.query('DELETE FROM view_history WHERE view = $1', [laterView.table]);
});

function consumerOf(filled: readonly View[]): Pool {
  return createTestPool(url, { settings: filledViews(filled) });
}

const apply = (consumer: Pool, into: readonly View[]) =>
  applyBatch(consumer, { events: [orderOf(1)], deadLetters: [], watermarks: [] }, into);

async function history(table = laterView.table) {
  const { rows } = await pool.query('SELECT revision, complete FROM view_history WHERE view = $1', [table]);
  return rows[0];
}

async function incomplete(): Promise<string[]> {
  const { rows } = await pool.query('SELECT view FROM view_history WHERE NOT complete ORDER BY view');
  return rows.map(({ view }) => view);
}

test('init-read.sql registers every view, so that it is known before the first consumer starts', async () => {
  const { rows } = await pool.query('SELECT view, revision, complete FROM view_history ORDER BY view');
  expect(rows).toEqual(views.map(({ table, revision }) => ({ view: table, revision, complete: true })));
});

test('a new view is complete when no event was ever applied', async () => {
  await registerViews(db, laterViews);
  expect(await history()).toEqual({ revision: 1, complete: true });
  expect(await incomplete()).toEqual([]);
});

test.each([
  ['the inbox has an event', 'INSERT INTO processed_events VALUES (gen_random_uuid())'],
  [
    'the archive has an event, although the inbox is empty',
    `INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, body)
     VALUES (gen_random_uuid(), 'OrderCreated', 'order-events', now(), true, '{}')`,
  ],
  ['a month of the archive was moved', "INSERT INTO event_archive_moved VALUES ('2025-01', 1, 0, 'digest')"],
  ['the ledger has counted an event', 'INSERT INTO event_ledger (second, settled) VALUES (now(), 1)'],
])('a new view lacks history when %s', async (_what, statement) => {
  await pool.query(statement);
  await registerViews(db, laterViews);
  expect(await history()).toEqual({ revision: 1, complete: false });
  expect(await incomplete()).toEqual([laterView.table]);
});

test.each([
  ['of release 0.2, which declares nothing', consumers.ofRelease02],
  ['that declares the views of this release', consumers.present],
])('an event applied by a consumer %s makes the later view incomplete in the same transaction', async (_of, older) => {
  await registerViews(db, laterViews);
  await apply(consumers.later, laterViews);
  expect(await history()).toEqual({ revision: 1, complete: true });
  await withTransaction(older, 'apply', async (tx) => {
    await applyInTransaction(tx, { events: [orderOf(1)], deadLetters: [], watermarks: [] }, undefined, views);
    // Nobody sees the event yet, and nobody sees the mark.
    expect(await history()).toEqual({ revision: 1, complete: true });
  });
  expect(await incomplete()).toEqual([laterView.table]);

  // Once marked, no later batch or registration calls the view complete.
  await apply(consumers.later, laterViews);
  await registerViews(db, laterViews);
  expect(await incomplete()).toEqual([laterView.table]);
});

test('a registration waits for a batch of an older consumer that has not committed, and finds its event', async () => {
  let registered: Promise<void> = Promise.resolve();
  await withTransaction(consumers.ofRelease02, 'a frozen batch', async (tx) => {
    await applyInTransaction(tx, { events: [orderOf(1)], deadLetters: [], watermarks: [] }, undefined, views);
    registered = registerViews(db, laterViews);
    await untilLockWaiters(pool, 1);
    expect(await history()).toBeUndefined();
  });
  await registered;
  expect(await history()).toEqual({ revision: 1, complete: false });
});

test('a batch of an older consumer that waits for a registration marks the view that was registered', async () => {
  let applied: Promise<unknown> = Promise.resolve();
  await withTransaction(consumers.later, 'a slow registration', async (tx) => {
    await registerViews(tx, laterViews);
    applied = apply(consumers.ofRelease02, views);
    await untilLockWaiters(pool, 1);
  });
  await applied;
  expect(await history()).toEqual({ revision: 1, complete: false });
});

test('a raised revision lacks history, and a consumer of the old revision neither lowers nor completes it', async () => {
  await apply(consumers.later, laterViews);
  await registerViews(db, [laterView]);
  await pool.query('UPDATE view_history SET complete = true');
  await registerViews(db, [{ ...laterView, revision: 2 }]);
  expect(await history()).toEqual({ revision: 2, complete: false });
  await registerViews(db, [laterView]);
  expect(await history()).toEqual({ revision: 2, complete: false });

  await pool.query('UPDATE view_history SET complete = true');
  const next = consumerOf([...views, { ...laterView, revision: 2 }]);
  await apply(next, laterViews);
  await next.end();
  expect(await incomplete()).toEqual([]);
  await apply(consumers.later, laterViews);
  expect(await incomplete()).toEqual([laterView.table]);
});
