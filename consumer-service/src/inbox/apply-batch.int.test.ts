import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/logger';
import { createPool, type Pool } from '@tallyline/chassis/postgres';
import { createTestDatabases, type TestDatabases } from '@tallyline/local/test-databases';
import { applyBatch } from './apply-batch.js';
import { type DecodedEvent, decode } from './decode.js';

let databases: TestDatabases;
let pool: Pool;
beforeAll(async () => {
  databases = await createTestDatabases();
  pool = createPool({
    url: databases.readDatabaseUrl,
    applicationName: 'apply batch test',
    maxConnections: 4,
    statementTimeoutMs: 5_000,
    log: createLogger('test', 'silent', 'json'),
  });
});
afterAll(async () => {
  await pool.end();
  await databases.drop();
});

function order(productId: number): DecodedEvent {
  const body = {
    eventType: 'OrderCreated',
    occurredAt: new Date().toISOString(),
    orderId: productId,
    customerId: productId,
    total: 4.5,
    items: [{ productId, category: 'Kitchen', quantity: 1, price: 4.5 }],
  };
  const decoded = decode({
    queue: 'order-events',
    body: Buffer.from(JSON.stringify(body)),
    messageId: randomUUID(),
    appId: 'test',
    traceparent: undefined,
  });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const apply = (...events: DecodedEvent[]) => applyBatch(pool, { events, poison: [], watermarks: [] });

async function salesOf(productId: number) {
  const { rows } = await pool.query(
    'SELECT order_count AS orders, total_revenue::text AS revenue FROM product_sales_view WHERE product_id = $1',
    [productId],
  );
  return rows;
}

test('an event that comes again, in its batch or in a later one, is counted once', async () => {
  const event = order(1);
  expect(await apply(event, event)).toMatchObject({ applied: [{ id: event.id }], duplicates: 1 });
  expect(await apply(event, order(2))).toMatchObject({ applied: [expect.anything()], duplicates: 1 });
  expect(await salesOf(1)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test('an event that fails to reach its views is not remembered as counted', async () => {
  const event = order(3);
  await pool.query('ALTER TABLE product_sales_view RENAME TO away');
  await expect(apply(event)).rejects.toThrow('product_sales_view');
  await pool.query('ALTER TABLE away RENAME TO product_sales_view');
  expect(await apply(event)).toMatchObject({ applied: [{ id: event.id }], duplicates: 0 });
  expect(await salesOf(3)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test('an event that had been set aside is applied, counted as settled once, and its letter forgotten', async () => {
  const { id, queue, ...event } = { ...order(4), id: '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee', counted: true };
  const poison = { kind: 'poison' as const, id, queue, reason: 'not understood yet', counted: true };
  await applyBatch(pool, { events: [], poison: [poison], watermarks: [] });
  expect(await apply({ id, queue, ...event }, order(5))).toMatchObject({ applied: [{ id }, {}], duplicates: 0 });
  expect(await salesOf(4)).toEqual([{ orders: 1, revenue: '4.50' }]);
  const counts =
    'SELECT (SELECT count(*) FROM dead_letters) AS letters, (SELECT sum(settled) FROM event_ledger) AS settled';
  expect((await pool.query(counts)).rows).toEqual([{ letters: 0, settled: '1' }]);
});

const hear = (...toldSecondsAgo: number[]) => {
  const watermarks = toldSecondsAgo.map((seconds) => {
    const told = new Date(Date.now() - seconds * 1_000).toISOString();
    return { measuredAt: told, toldAt: told, from: told, isFirst: true, seconds: [], waiting: 0 };
  });
  return applyBatch(pool, { events: [], poison: [], watermarks });
};

async function watermarkAgeSeconds(): Promise<number> {
  const age = 'extract(epoch FROM clock_timestamp() - clock_offset - measured_at)::float8 AS age';
  return (await pool.query(`SELECT ${age} FROM sync_state`)).rows[0].age;
}

test('watermarks that waited in the queue are as old as they are, the first one and a backlog of them', async () => {
  await hear(3_600);
  expect(await watermarkAgeSeconds()).toBeGreaterThan(3_590);
  await hear(...Array.from({ length: 1_000 }, (_, index) => 2_000 - index));
  const oldest = await watermarkAgeSeconds();
  expect(oldest).toBeGreaterThan(995);
  await hear(0);
  expect(await watermarkAgeSeconds()).toBeLessThan(4);
});
