import { afterAll, expect, test } from '@jest/globals';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch } from '../inbox/apply-batch.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';
import { viewTables } from '../projections/index.js';
import { rebuild } from './rebuild.js';
import { shadowUrl } from './shadow.sql.js';

const { pool, url } = await openTestDatabase('read');
const shadow = createTestPool(shadowUrl(url));
afterAll(() => shadow.end());

function order(): DecodedEvent {
  const body = {
    eventType: 'OrderCreated',
    occurredAt: new Date().toISOString(),
    orderId: 1,
    customerId: 1,
    total: 4.5,
    items: [{ productId: 1, category: 'Kitchen', quantity: 1, price: 4.5 }],
  };
  const time = Date.now().toString(16).padStart(12, '0');
  const messageId = `${time.slice(0, 8)}-${time.slice(8)}-7ccc-8ddd-eeeeeeeeeeee`;
  const raw = { queue: 'order-events', body: Buffer.from(JSON.stringify(body)), traceparent: undefined };
  const decoded = decode({ ...raw, messageId, appId: 'command-service' });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const apply = (event: DecodedEvent) => applyBatch(pool, { events: [event], poison: [], watermarks: [] });
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
  const progress = { part: () => undefined, advance: () => undefined, end: () => undefined };
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
