import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { Pool } from '@tallyline/chassis/postgres/pool';
import { LATER_TABLE, laterView, laterViews, orderOf } from '../../../tests/later-release/later-view.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch } from '../inbox/apply-batch.js';
import { views, viewTables } from '../projections/index.js';
import type { View } from '../projections/view.js';
import { filledViews } from '../view-history/view-history.sql.js';
import { type RebuildOptions, rebuild } from './rebuild.js';
import { reportOf } from './report.js';
import { SHADOW_SETTINGS } from './shadow-tables.sql.js';

const { pool, url } = await openTestDatabase('read', {
  settings: filledViews(laterViews),
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_ledger', 'service_heartbeats'],
});
const shadow = createTestPool(url, { settings: SHADOW_SETTINGS });
/** A consumer of release 0.2 declares nothing. */
const older = createTestPool(url);
/** The consumer of the later release. It has a pool of its own, because the rebuild keeps its batches waiting. */
const later = createTestPool(url, { settings: filledViews(laterViews) });
afterAll(() => Promise.all([shadow.end(), older.end(), later.end()]));

const progress = { part: () => undefined, advance: () => undefined, end: () => undefined };
const options = { pool, shadow, progress, views: laterViews, accept: false, inboxDays: 30, version: '0.4.0' };

beforeEach(async () => {
  await pool.query(`${LATER_TABLE}; TRUNCATE customer_orders_view`);
  await pool.query('DELETE FROM view_history WHERE view = $1', [laterView.table]);
  await pool.query('UPDATE view_history SET complete = true');
  const events = [1, 2, 2, 3].map(orderOf);
  await applyBatch(older, { events, deadLetters: [], watermarks: [] }, views);
  // The consumer of the later release has registered its views, and has applied two events since.
  await pool.query('SELECT register_view($1, 1)', [laterView.table]);
  await apply(later, laterViews, 2, 4);
});

const apply = (consumer: Pool, into: readonly View[], ...customers: number[]) =>
  applyBatch(consumer, { events: customers.map(orderOf), deadLetters: [], watermarks: [] }, into);

const rebuildLater = (more: Partial<RebuildOptions> = {}) => rebuild({ ...options, chosen: [laterView], ...more });

async function ordersPerCustomer(table: string): Promise<Record<string, number>> {
  const { rows } = await pool.query(`SELECT customer_id AS id, order_count::int AS orders FROM ${table}`);
  return Object.fromEntries(rows.map(({ id, orders }) => [id, orders]));
}

const incomplete = async () =>
  (await pool.query('SELECT view FROM view_history WHERE NOT complete')).rows.map(({ view }) => view);

/** Compares the later view with one that has seen every event. */
async function expectComplete(): Promise<void> {
  expect(await ordersPerCustomer('customer_orders_view')).toEqual(await ordersPerCustomer('customer_ltv_view'));
  expect(await incomplete()).toEqual([]);
}

test('a rebuild of a view that lacks history fills it without --accept, and it is complete', async () => {
  expect(await ordersPerCustomer('customer_orders_view')).toEqual({ 2: 1, 4: 1 });
  expect(await incomplete()).toEqual([laterView.table]);
  const rebuilt = await rebuildLater();
  expect(rebuilt).toMatchObject({ swapped: true, completed: [laterView.table], lacking: [], events: 6 });
  expect(await ordersPerCustomer('customer_orders_view')).toEqual({ 1: 1, 2: 3, 3: 1, 4: 1 });
  await expectComplete();
  expect(rebuilt && reportOf(rebuilt)).toEqual([
    'customer_orders_view: 3 row(s) differ (- live, + rebuilt)',
    ...Array(4).fill(expect.stringMatching(/^ {2}[-+] /)),
    expect.stringMatching(/^Rebuilt customer_orders_view alone, from 6 events: 3 row\(s\) of 1 view\(s\) replaced/),
    'customer_orders_view lacked history and is complete now.',
  ]);

  await apply(later, laterViews, 1, 5);
  await expectComplete();
});

test('events that arrive during the rebuild of a view are counted once', async () => {
  const applied: Promise<unknown>[] = [];
  const part = () => void applied.push(apply(later, laterViews, 1, 7), apply(later, laterViews, 8));
  const advance = () => void applied.push(apply(later, laterViews, 9));
  expect(await rebuildLater({ progress: { ...progress, part, advance } })).toMatchObject({ swapped: true });
  await Promise.all(applied);
  expect(applied.length).toBeGreaterThan(4);
  await expectComplete();
  const { rows } = await pool.query('SELECT count(*)::int AS n FROM processed_events');
  const orders = Object.values(await ordersPerCustomer('customer_orders_view')).reduce((sum, n) => sum + n, 0);
  expect(orders).toBe(rows[0].n);
});

test('a rebuild of one view leaves the other views and the inbox as they are', async () => {
  await pool.query('UPDATE customer_ltv_view SET order_count = 77');
  const inbox = async () => (await pool.query('SELECT * FROM processed_events ORDER BY event_id')).rows;
  const before = await inbox();
  await rebuildLater();
  expect(await inbox()).toEqual(before);
  expect(new Set(Object.values(await ordersPerCustomer('customer_ltv_view')))).toEqual(new Set([77]));
});

test('a complete view that differs is swapped with --accept only', async () => {
  await rebuildLater();
  await pool.query('UPDATE customer_orders_view SET order_count = 77');
  expect(await rebuildLater()).toMatchObject({ swapped: false });
  expect(await rebuildLater({ accept: true })).toMatchObject({ swapped: true });
  await expectComplete();
});

test('a view is not filled with archived events that the other views lack, as after a restore', async () => {
  await pool.query(`INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, app_id, body)
                    SELECT gen_random_uuid(), event_type, queue, occurred_at, counted, app_id, body FROM event_archive LIMIT 1`);
  const rebuilt = await rebuildLater({ accept: true });
  expect(rebuilt).toMatchObject({ swapped: false, notApplied: 1 });
  expect(rebuilt && reportOf(rebuilt)).toContainEqual(expect.stringContaining('run npm run rebuild without --view'));
  expect(await incomplete()).toEqual([laterView.table]);
});

test('a rebuild of a view refuses while an older consumer may run, and names it', async () => {
  await pool.query(
    `INSERT INTO service_heartbeats (reporter, service, version) VALUES ('r', 'consumer-service', '0.3.0')`,
  );
  await expect(rebuildLater()).rejects.toThrow('consumer-service 0.3.0 has reported within the last minute');
  await pool.query('DELETE FROM service_heartbeats');

  const silent = createTestPool(url, { applicationName: 'consumer-service' });
  await silent.query('SELECT 1');
  await expect(rebuildLater()).rejects.toThrow('consumer-service before 0.3.0 is connected');
  expect(await incomplete()).toEqual([laterView.table]);

  // A rebuild of all views works beside it, and leaves the mark.
  const rebuilt = await rebuild(options);
  expect(rebuilt).toMatchObject({ swapped: true, completed: [], lacking: [laterView.table] });
  expect(rebuilt && reportOf(rebuilt)).toContainEqual(expect.stringContaining('still lack history'));
  expect(await incomplete()).toEqual([laterView.table]);
  await silent.end();
});

test('a rebuild of all views completes those that lack history, without --accept', async () => {
  expect(await rebuild(options)).toMatchObject({ swapped: true, completed: [laterView.table] });
  await expectComplete();
});

test('an older consumer that applies an event after the rebuild makes the view incomplete again', async () => {
  await rebuildLater();
  await apply(older, views, 1);
  expect(await incomplete()).toEqual([laterView.table]);
  await rebuildLater();
  await expectComplete();
});

test('a rebuild refuses a view that a later release has changed', async () => {
  await pool.query('UPDATE view_history SET revision = 2 WHERE view = $1', [laterView.table]);
  await expect(rebuildLater({ accept: true })).rejects.toThrow('a later release has changed customer_orders_view');
  await expect(rebuild({ ...options, accept: true })).rejects.toThrow('run the rebuild of that release');
});
