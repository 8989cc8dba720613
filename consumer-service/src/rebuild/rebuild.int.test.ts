import { afterAll, expect, test } from '@jest/globals';
import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch } from '../inbox/apply-batch.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';
import { viewTables } from '../projections/index.js';
import { rebuild } from './rebuild.js';
import { SHADOW_SETTINGS } from './shadow.sql.js';

const { pool, url } = await openTestDatabase('read', {
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_ledger', 'dead_letters'],
});
const shadow = createTestPool(url, { settings: SHADOW_SETTINGS });
afterAll(() => shadow.end());

function order(committedAt = new Date()): DecodedEvent {
  const body = {
    eventType: 'OrderCreated',
    occurredAt: new Date().toISOString(),
    orderId: 1,
    customerId: 1,
    total: 4.5,
    items: [{ productId: 1, category: 'Kitchen', quantity: 1, price: 4.5 }],
  };
  const time = committedAt.getTime().toString(16).padStart(12, '0');
  const messageId = `${time.slice(0, 8)}-${time.slice(8)}-7ccc-8ddd-eeeeeeeeeeee`;
  const raw = { queue: 'order-events', body: Buffer.from(JSON.stringify(body)), traceparent: undefined };
  const decoded = decode({ ...raw, messageId, appId: 'command-service' });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const DAY_MS = 86_400_000;
const progress = { part: () => undefined, advance: () => undefined, end: () => undefined };

const apply = (event: DecodedEvent) => applyBatch(pool, { events: [event], deadLetters: [], watermarks: [] });
const sales = async () =>
  (await pool.query('SELECT order_count AS orders, total_revenue::text AS revenue FROM product_sales_view')).rows;
const settled = async () => (await pool.query('SELECT sum(settled)::int AS n FROM event_ledger')).rows[0].n;

test('after a restore into a new database, what the archive holds twice and what comes again counts once', async () => {
  const event = order();
  await apply(event);
  // As in a new database into which the archive was brought back, and to which the event was replayed before.
  for (const table of [...viewTables, 'processed_events', 'event_ledger']) await pool.query(`DELETE FROM ${table}`);
  await pool.query(`INSERT INTO event_archive (event_id, received_at, event_type, queue, occurred_at, counted, app_id, body)
                    SELECT event_id, received_at + interval '1 ms', event_type, queue, occurred_at, counted, app_id, body
                      FROM event_archive`);
  expect(await rebuild({ pool, shadow, progress, accept: true, inboxDays: 30 })).toMatchObject({ tookOver: true });
  expect([await sales(), await settled()]).toEqual([[{ orders: 1, revenue: '4.50' }], 1]);

  // It was set aside before today's code could read it.
  await pool.query('DELETE FROM processed_events');
  await pool.query("INSERT INTO dead_letters (event_id, queue, reason, counted) VALUES ($1, 'q', 'early', true)", [
    event.id,
  ]);
  await rebuild({ pool, shadow, progress, accept: true, inboxDays: 30 });
  expect([await settled(), (await pool.query('SELECT 1 FROM dead_letters')).rows]).toEqual([1, []]);

  expect(await apply(event)).toMatchObject({ applied: [], duplicates: 1 });
  expect([await sales(), await settled()]).toEqual([[{ orders: 1, revenue: '4.50' }], 1]);
});

/** As in a new database into which the archive was brought back; `told` is what the write side said of its seconds. */
async function forgetAllButArchive(told: readonly DecodedEvent[] = []): Promise<void> {
  for (const table of [...viewTables, 'processed_events', 'event_ledger', 'dead_letters'])
    await pool.query(`DELETE FROM ${table}`);
  for (const { id } of told)
    await pool.query("INSERT INTO event_ledger (second, committed) VALUES (date_trunc('second', $1::timestamptz), 1)", [
      new Date(timeOfUuid(id)),
    ]);
}

test('an inbox that forgets nothing for a century is taken over whole', async () => {
  const event = order();
  await apply(event);
  await forgetAllButArchive();
  await rebuild({ pool, shadow, progress, accept: true, inboxDays: 36_500 });
  expect(await apply(event)).toMatchObject({ applied: [], duplicates: 1 });
});

test('seconds that the write side told of are complete again, however old their events are', async () => {
  const [old, lost] = [order(new Date(Date.now() - 31 * DAY_MS)), order(new Date(Date.now() - 32 * DAY_MS))];
  await apply(old);
  await forgetAllButArchive([old, lost]);
  await rebuild({ pool, shadow, progress, accept: true, inboxDays: 30 });
  const { rows } = await pool.query('SELECT settled::int FROM event_ledger ORDER BY second');
  // Oldest first: what never arrived stays missing.
  expect(rows.map((row) => row.settled)).toEqual([0, 1]);

  // Its place in the inbox is free again by now; the second stays complete, and no event is settled twice.
  await pool.query('DELETE FROM processed_events');
  await rebuild({ pool, shadow, progress, accept: true, inboxDays: 30 });
  expect(await settled()).toBe(1);
});

test('no month comes or goes beside a rebuild: the archive has one of them at a time', async () => {
  await apply(order());
  const options = { pool, shadow, accept: true, inboxDays: 30 };
  const takeTurn = () => withTransaction(pool, 'archive', (tx) => tryLongLock(tx, ARCHIVE_LOCK));
  await withTransaction(pool, 'archive', async (tx) => {
    await tryLongLock(tx, ARCHIVE_LOCK);
    await expect(rebuild({ ...options, progress })).rejects.toThrow('archive command is under way');
  });
  const turns: Promise<boolean>[] = [];
  const rebuilt = await rebuild({ ...options, progress: { ...progress, part: () => void turns.push(takeTurn()) } });
  expect([rebuilt?.tookOver, new Set(await Promise.all(turns))]).toEqual([true, new Set([false])]);
  expect(await takeTurn()).toBe(true);
});

test('a rebuild that has lost its lock takes nothing over: another one may have its tables', async () => {
  await apply(order());
  await pool.query('UPDATE product_sales_view SET order_count = 7');
  let rebuilding: Promise<unknown> = Promise.resolve();
  await withTransaction(pool, 'a batch under way', async (tx) => {
    await tx.query({ text: 'LOCK TABLE processed_events IN ROW EXCLUSIVE MODE' });
    rebuilding = rebuild({ pool, shadow, progress, accept: true, inboxDays: 30 }).catch((error) => error);
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
