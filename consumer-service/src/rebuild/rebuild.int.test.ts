import { afterAll, expect, test } from '@jest/globals';
import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch } from '../inbox/apply-batch.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';
import { views, viewTables } from '../projections/index.js';
import { rebuild } from './rebuild.js';
import { SHADOW_SETTINGS } from './shadow-tables.sql.js';

const { pool, url } = await openTestDatabase('read', {
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_ledger', 'dead_letters', 'parked_events'],
});
const shadow = createTestPool(url, { settings: SHADOW_SETTINGS });
afterAll(() => shadow.end());

const firstOrder = {
  eventType: 'OrderCreated',
  orderId: 1,
  customerId: 1,
  total: 4.5,
  items: [{ productId: 1, category: 'Kitchen', quantity: 1, price: 4.5 }],
};
type OrderBody = typeof firstOrder & { readonly occurredAt: string };

/** An event of version 1, unless `change` makes another version of it. */
function order(committedAt = new Date(), change: (event: OrderBody) => OrderBody = (event) => event): DecodedEvent {
  const body = change({ ...firstOrder, occurredAt: committedAt.toISOString() });
  const time = committedAt.getTime().toString(16).padStart(12, '0');
  const messageId = `${time.slice(0, 8)}-${time.slice(8)}-7ccc-8ddd-${String(body.orderId).padStart(12, 'e')}`;
  const raw = { queue: 'order-events', body: Buffer.from(JSON.stringify(body)), traceparent: undefined };
  const decoded = decode({ ...raw, messageId, appId: 'command-service' });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const DAY_MS = 86_400_000;
const version = '0.3.0';
const progress = { part: () => undefined, advance: () => undefined, end: () => undefined };

const apply = (event: DecodedEvent) => applyBatch(pool, { events: [event], deadLetters: [], watermarks: [] });
const sales = async () =>
  (await pool.query('SELECT order_count AS orders, total_revenue::text AS revenue FROM product_sales_view')).rows;
const accountedFor = async () => (await pool.query('SELECT sum(settled)::int AS n FROM event_ledger')).rows[0].n;

test('an event counts once after a restore into a new database, even if it is archived twice and comes again', async () => {
  const event = order();
  await apply(event);
  // This is the state of a new database whose archive was restored after the event had been replayed into it.
  for (const table of [...viewTables, 'processed_events', 'event_ledger']) await pool.query(`DELETE FROM ${table}`);
  await pool.query(`INSERT INTO event_archive (event_id, received_at, event_type, queue, occurred_at, counted, app_id, body)
                    SELECT event_id, received_at + interval '1 ms', event_type, queue, occurred_at, counted, app_id, body
                      FROM event_archive`);
  expect(await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 })).toMatchObject({
    swapped: true,
  });
  expect([await sales(), await accountedFor()]).toEqual([[{ orders: 1, revenue: '4.50' }], 1]);

  // An earlier version of the code could not read the event, so it became a dead letter.
  await pool.query('DELETE FROM processed_events');
  await pool.query("INSERT INTO dead_letters (event_id, queue, reason, counted) VALUES ($1, 'q', 'early', true)", [
    event.id,
  ]);
  await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 });
  expect([await accountedFor(), (await pool.query('SELECT 1 FROM dead_letters')).rows]).toEqual([1, []]);

  expect(await apply(event)).toMatchObject({ applied: [], duplicates: 1 });
  expect([await sales(), await accountedFor()]).toEqual([[{ orders: 1, revenue: '4.50' }], 1]);
});

test('a rebuild leaves parked events parked and counted, and deletes the rows of those that the archive has', async () => {
  const park = (id: string) =>
    pool.query(
      `INSERT INTO parked_events (event_id, event_type, version, queue, reason, counted, body, properties)
       VALUES ($1, 'OrderCreated', 99, 'order-events', 'newer', true, '', '{}')`,
      [id],
    );
  const [archived, waiting] = [order(), order(new Date(Date.now() - 1_000))];
  await apply(archived);
  // The archive was restored into a database whose consumer was older. The write side has reported both seconds.
  for (const table of [...viewTables, 'processed_events', 'event_ledger']) await pool.query(`DELETE FROM ${table}`);
  for (const { id } of [archived, waiting]) {
    await park(id);
    await pool.query("INSERT INTO event_ledger (second, committed) VALUES (date_trunc('second', $1::timestamptz), 1)", [
      new Date(timeOfUuid(id)),
    ]);
  }
  for (let n = 0; n < 2; n += 1) {
    const options = { pool, shadow, progress, views, version, accept: true, inboxDays: 30 };
    expect(await rebuild(options)).toMatchObject({ swapped: true });
    const { rows } = await pool.query('SELECT event_id AS id FROM parked_events');
    expect([await sales(), await accountedFor(), rows]).toEqual([
      [{ orders: 1, revenue: '4.50' }],
      2,
      [{ id: waiting.id }],
    ]);
  }
});

test('a rebuild reads an archive that has an order of version 1 and one of version 2, and both count the same', async () => {
  const at = new Date(Date.now() - 60_000);
  const asVersion1 = order(at);
  const asVersion2 = order(at, (event) => ({
    ...event,
    version: 2,
    orderId: 2,
    occurredAt: new Date().toISOString(),
    placedAt: event.occurredAt,
    items: event.items.map((item, index) => ({ line: index + 1, ...item })),
  }));
  await apply(asVersion1);
  await apply(asVersion2);
  const contents = () =>
    Promise.all(viewTables.map(async (table) => [table, (await pool.query(`SELECT * FROM ${table}`)).rows] as const));
  const live = await contents();
  await deleteAllButArchive();
  expect(await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 })).toMatchObject({
    swapped: true,
  });
  expect(await contents()).toEqual(live);

  const { rows: bodies } = await pool.query('SELECT body FROM event_archive');
  expect(bodies.map(({ body }) => JSON.parse(body.toString()).version)).toEqual(expect.arrayContaining([undefined, 2]));
  const { rows: orders } = await pool.query('SELECT items, placed_at, customer_id, total FROM orders_read');
  expect(orders).toHaveLength(2);
  expect(orders[1]).toEqual(orders[0]);
  expect(await sales()).toEqual([{ orders: 2, revenue: '9.00' }]);
});

/** Leaves the state of a new database with a restored archive. The write side has reported the seconds of `reported`. */
async function deleteAllButArchive(reported: readonly DecodedEvent[] = []): Promise<void> {
  for (const table of [...viewTables, 'processed_events', 'event_ledger', 'dead_letters'])
    await pool.query(`DELETE FROM ${table}`);
  for (const { id } of reported)
    await pool.query("INSERT INTO event_ledger (second, committed) VALUES (date_trunc('second', $1::timestamptz), 1)", [
      new Date(timeOfUuid(id)),
    ]);
}

test('a rebuild fills the inbox with every event when the retention is a century', async () => {
  const event = order();
  await apply(event);
  await deleteAllButArchive();
  await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 36_500 });
  expect(await apply(event)).toMatchObject({ applied: [], duplicates: 1 });
});

test('a rebuild completes seconds that the write side has reported, even if their events are past retention', async () => {
  const [old, lost] = [order(new Date(Date.now() - 31 * DAY_MS)), order(new Date(Date.now() - 32 * DAY_MS))];
  await apply(old);
  await deleteAllButArchive([old, lost]);
  await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 });
  const { rows } = await pool.query('SELECT settled::int FROM event_ledger ORDER BY second');
  // The older second stays incomplete, because its event never arrived.
  expect(rows.map((row) => row.settled)).toEqual([0, 1]);

  // When the event has left the inbox, its second stays complete, and the event is not counted again.
  await pool.query('DELETE FROM processed_events');
  await rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 });
  expect(await accountedFor()).toBe(1);
});

test('a rebuild and an archive command refuse to run at the same time', async () => {
  await apply(order());
  const options = { pool, shadow, views, version, accept: true, inboxDays: 30 };
  const tryArchiveLock = () => withTransaction(pool, 'archive', (tx) => tryLongLock(tx, ARCHIVE_LOCK));
  await withTransaction(pool, 'archive', async (tx) => {
    await tryLongLock(tx, ARCHIVE_LOCK);
    await expect(rebuild({ ...options, progress })).rejects.toThrow('archive command is under way');
  });
  const lockAttempts: Promise<boolean>[] = [];
  const rebuilt = await rebuild({
    ...options,
    progress: { ...progress, part: () => void lockAttempts.push(tryArchiveLock()) },
  });
  expect([rebuilt?.swapped, new Set(await Promise.all(lockAttempts))]).toEqual([true, new Set([false])]);
  expect(await tryArchiveLock()).toBe(true);
});

test('a rebuild that has lost its lock swaps nothing, because another one may have replaced the shadow tables', async () => {
  await apply(order());
  await pool.query('UPDATE product_sales_view SET order_count = 7');
  let rebuilding: Promise<unknown> = Promise.resolve();
  await withTransaction(pool, 'a batch under way', async (tx) => {
    await tx.query({ text: 'LOCK TABLE processed_events IN ROW EXCLUSIVE MODE' });
    rebuilding = rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 }).catch(
      (error) => error,
    );
    await untilLockWaiters(pool, 1);
    const { rowCount } = await pool.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
    );
    expect(rowCount).toBe(1);
  });
  expect(await rebuilding).toBeInstanceOf(Error);
  expect(await sales()).toEqual([{ orders: 7, revenue: '4.50' }]);
});

test('a rebuild stops when the archive holds many events that a newer release wrote', async () => {
  await apply(order());
  await pool.query(`INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, app_id, body)
                    SELECT gen_random_uuid(), event_type, queue, occurred_at, counted, app_id,
                           jsonb_set(body::jsonb, '{version}', '99')::text
                      FROM event_archive, generate_series(1, 1500)`);
  await expect(rebuild({ pool, shadow, progress, views, version, accept: true, inboxDays: 30 })).rejects.toThrow(
    /^stopped, and the live views are unchanged: this release cannot read 1[0-4]\d\d or more events of the archive, such as /,
  );
  expect(await sales()).toEqual([{ orders: 1, revenue: '4.50' }]);
});
