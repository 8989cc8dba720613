import { expect, test } from '@jest/globals';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { leaveToRelay } from '../outbox/emit.js';
import { createPlaceOrder } from './place-order.js';

const { pool, url } = await openTestDatabase('write', { emptied: ['products', 'orders', 'outbox'] });

/** Migrations, of which the first two change the result type of a statement that every order prepares. */
const migrations = [
  'ALTER TABLE products ALTER COLUMN stock TYPE INTEGER',
  'ALTER TABLE products ALTER COLUMN stock TYPE BIGINT',
  'ALTER TABLE orders ADD COLUMN note TEXT',
];

test('an order is placed once when its prepared statements are stale', async () => {
  const { rows } = await pool.query(
    `INSERT INTO products (name, category, price, stock) VALUES ('Mug', 'Kitchen', 4, 100) RETURNING id`,
  );
  const sessions = createTestPool(url, { maxConnections: 3 });
  const lines = [{ productId: rows[0].id, quantity: 1, priceCents: undefined }];
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const place = () =>
    createPlaceOrder(leaveToRelay(sessions)).submit({ customerId: 1, lines, traceparent, requestKey: undefined });
  /** Groups of their own, so that every session has the statements. */
  const placeInAllSessions = () => Promise.all([place(), place(), place()]);

  await placeInAllSessions();
  for (const migration of migrations) {
    await pool.query(migration);
    expect(await place()).toMatchObject({ result: { kind: 'placed' } });
    await placeInAllSessions();
  }
  await sessions.query('DEALLOCATE ALL');
  for (let orders = 0; orders < 3; orders += 1) expect(await place()).toMatchObject({ result: { kind: 'placed' } });
  await sessions.end();

  const stored = await pool.query(
    `SELECT (SELECT count(*) FROM orders)::int AS orders, (SELECT count(*) FROM outbox)::int AS events,
            (SELECT count(*) FROM order_items)::int AS lines, (SELECT stock FROM products)::int AS stock`,
  );
  expect(stored.rows).toEqual([{ orders: 18, events: 18, lines: 18, stock: 82 }]);
});
