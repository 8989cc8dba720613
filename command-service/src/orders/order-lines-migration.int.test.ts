import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, expect, test } from '@jest/globals';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { leaveToRelay } from '../outbox/emit.js';
import { createPlaceOrder } from './place-order.js';

/** The migrations of order_items from release 0.2 (no line, no category) to 0.3, with services of both beside each other. */

const { pool } = await openTestDatabase('write', { emptied: ['products', 'orders', 'outbox'] });

const folder = new URL('../../../migrations/write/', import.meta.url);

/** Runs the files with these numbers as the runner of migrations does, with small batches. */
async function migrate(from: number, to: number, batch = 2): Promise<void> {
  for (const name of readdirSync(folder).sort()) {
    const number = Number(name.slice(0, 4));
    if (number < from || number > to) continue;
    const sql = readFileSync(new URL(name, folder), 'utf8');
    if (!sql.startsWith('-- kind: backfill')) {
      for (const statement of sql.split(';\n').filter((text) => /^[A-Z]/m.test(text))) await pool.query(statement);
      continue;
    }
    const text = sql.replaceAll(':batch', '$1');
    while ((await pool.query(text, [batch])).rowCount);
  }
}
const expand = () => migrate(3, 5);
const contract = () => migrate(6, 10);

beforeEach(() => pool.query('ALTER TABLE order_items DROP COLUMN line, DROP COLUMN category'));

async function product(category: string): Promise<number> {
  const { rows } = await pool.query(
    `INSERT INTO products (name, category, price, stock) VALUES ('Mug', $1, 4, 100) RETURNING id`,
    [category],
  );
  return rows[0].id;
}

/** Stores an order as release 0.2 does. The event is left out when `sold` is undefined. */
async function orderOf02(lines: readonly number[], placedAt: string, sold?: string): Promise<number> {
  const { rows } = await pool.query(
    'INSERT INTO orders (customer_id, total, created_at) VALUES (1, 8, $1) RETURNING id',
    [placedAt],
  );
  const orderId: number = rows[0].id;
  await pool.query(
    'INSERT INTO order_items (order_id, product_id, quantity, price) SELECT $1, product_id, 1, 4 FROM unnest($2::bigint[]) AS l (product_id)',
    [orderId, lines],
  );
  const items = lines.map((productId) => ({ productId, category: sold, quantity: 1, price: 4 }));
  const time = new Date(placedAt).getTime().toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(orderId).padStart(12, '0')}`;
  if (sold !== undefined)
    await pool.query(`INSERT INTO outbox (id, topic, payload, created_at) VALUES ($1, 'order.created', $2, $3)`, [
      id,
      JSON.stringify({ eventId: id, eventType: 'OrderCreated', orderId, items }),
      placedAt,
    ]);
  return orderId;
}

const linesOf = async (orderId: number) =>
  (await pool.query('SELECT line, product_id, category FROM order_items WHERE order_id = $1 ORDER BY id', [orderId]))
    .rows;

test('lines of 0.2 get their number, and their category from the event or else from the product', async () => {
  const [mug, book] = [await product('Kitchen'), await product('Books')];
  const at = '2026-11-20T08:17:46.438Z';
  const withEvent = await orderOf02([mug, book, mug], at, 'Sold as');
  const sameMillisecond = await orderOf02([book], at, 'Sold later as');
  const withoutEvent = await orderOf02([book, mug], '1999-12-31T23:59:59.999Z');
  await expand();
  await contract();
  expect(await linesOf(withEvent)).toEqual([
    { line: 1, product_id: mug, category: 'Sold as' },
    { line: 2, product_id: book, category: 'Sold as' },
    { line: 3, product_id: mug, category: 'Sold as' },
  ]);
  expect(await linesOf(sameMillisecond)).toEqual([{ line: 1, product_id: book, category: 'Sold later as' }]);
  expect(await linesOf(withoutEvent)).toEqual([
    { line: 1, product_id: book, category: 'Books' },
    { line: 2, product_id: mug, category: 'Kitchen' },
  ]);
});

test('between expand and contract, 0.2 and 0.3 both store orders, and the contract step fills those of 0.2', async () => {
  const mug = await product('Kitchen');
  await expand();
  const placed = createPlaceOrder(leaveToRelay(pool), () => undefined);
  const line = { productId: mug, quantity: 1, priceCents: undefined };
  await placed.submit({ customerId: 2, lines: [line, line], traceparent: '', requestKey: undefined });
  const old = await orderOf02([mug, mug], new Date().toISOString(), 'Kitchen');
  expect(await linesOf(old)).toMatchObject([{ line: null }, { line: null }]);
  await contract();
  const { rows } = await pool.query('SELECT line, category FROM order_items ORDER BY id');
  expect(rows).toEqual([1, 2, 1, 2].map((number) => ({ line: number, category: 'Kitchen' })));
  await expect(orderOf02([mug], new Date().toISOString())).rejects.toThrow('violates not-null constraint');
});

test('an order line that is stored without a number during the contract step is refused, not overlooked', async () => {
  const mug = await product('Kitchen');
  await expand();
  await migrate(6, 6);
  await expect(orderOf02([mug], new Date().toISOString())).rejects.toThrow(/order_items_(?:line|category)_is_given/);
  await migrate(7, 10);
});

test('the columns are those of the schema of a fresh database', async () => {
  await expand();
  await contract();
  const { rows } = await pool.query(
    `SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM information_schema.columns
      WHERE table_name = 'order_items' AND column_name IN ('line', 'category') ORDER BY 1`,
  );
  expect(rows).toEqual([
    { name: 'category', type: 'text', nullable: 'NO' },
    { name: 'line', type: 'integer', nullable: 'NO' },
  ]);
  const { rows: left } = await pool.query(
    `SELECT conname AS name FROM pg_constraint WHERE conname LIKE 'order_items_%_is_given'
     UNION ALL SELECT indexname FROM pg_indexes WHERE indexname = 'order_items_to_fill'`,
  );
  expect(left).toEqual([]);
});
