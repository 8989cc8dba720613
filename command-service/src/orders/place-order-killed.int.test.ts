import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { PostgresServer } from '@tallyline/local/servers/postgres-server';
import { prepareDatabase, withClient } from '@tallyline/local/servers/schema';
import { startTemporaryPostgres } from '@tallyline/local/testing/temporary-servers';
import { createTestPool } from '../../../tests/setup/test-database.js';
import { leaveToRelay } from '../outbox/emit.js';
import { createPlaceOrder } from './place-order.js';

let server: PostgresServer;
let pool: Pool;
beforeAll(async () => {
  // This test needs a durable server, and the shared test server does not write its data to the disk at each commit.
  server = await startTemporaryPostgres({ fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
  await prepareDatabase(server.url('postgres'), 'write');
  pool = createTestPool(server.url('postgres'));
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

const CLIENTS = 40;
const ANSWERS_BEFORE_THE_KILL = 400;

test('when the database is killed during a group commit, answered orders are stored once, others at most once', async () => {
  const { rows } = await pool.query(
    `INSERT INTO products (name, category, price, stock) VALUES ('Mug', 'Kitchen', 4, 1000000) RETURNING id`,
  );
  const productId: number = rows[0].id;
  const sizes: number[] = [];
  const group = createPlaceOrder(leaveToRelay(pool), (size) => sizes.push(size));
  const answered: number[] = [];
  const unanswered: number[] = [];
  let killed: Promise<void> | undefined;
  let nextCustomer = 1;

  // Each client places orders until one fails. The kill happens with up to 40 orders in flight.
  const client = async () => {
    for (;;) {
      const customerId = nextCustomer;
      nextCustomer += 1;
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const lines = [{ productId, quantity: 1, priceCents: undefined }];
      try {
        await group.submit({ customerId, lines, traceparent, requestKey: undefined });
        answered.push(customerId);
      } catch {
        unanswered.push(customerId);
        return;
      }
      if (answered.length >= ANSWERS_BEFORE_THE_KILL) killed ??= server.kill();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await killed;
  await server.restart();

  expect(Math.max(...sizes)).toBeGreaterThan(1);
  expect(unanswered).toHaveLength(CLIENTS);
  await withClient(server.url('postgres'), async (database) => {
    const stored = await database.query(
      `SELECT o.customer_id::int AS customer, count(*)::int AS orders,
              (SELECT count(*) FROM order_items i JOIN orders p ON p.id = i.order_id WHERE p.customer_id = o.customer_id)::int AS lines,
              (SELECT count(*) FROM outbox e WHERE (e.payload ->> 'customerId')::bigint = o.customer_id)::int AS events
         FROM orders o GROUP BY o.customer_id ORDER BY 1`,
    );
    const whole = stored.rows.filter(({ orders, lines, events }) => orders === 1 && lines === 1 && events === 1);
    expect(whole).toEqual(stored.rows);
    const customers = new Set(stored.rows.map(({ customer }) => customer));
    expect(answered.filter((customer) => !customers.has(customer))).toEqual([]);
    const { rows: stock } = await database.query('SELECT stock::int FROM products');
    expect(stock[0].stock).toBe(1_000_000 - stored.rows.length);
  });
}, 60_000);
