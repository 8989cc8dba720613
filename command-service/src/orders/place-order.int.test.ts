import { expect, test } from '@jest/globals';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { defaultVersions } from '@tallyline/contracts/written-versions';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { leaveToRelay } from '../outbox/emit.js';
import { createPlaceOrder, type PlaceOrder } from './place-order.js';

const { pool } = await openTestDatabase('write', { emptied: ['products', 'orders', 'outbox'] });

async function product(price: number, stock: number): Promise<number> {
  const { rows } = await pool.query(
    `INSERT INTO products (name, category, price, stock) VALUES ('Mug', 'Kitchen', $1, $2) RETURNING id`,
    [price, stock],
  );
  return rows[0].id;
}

async function stockOf(id: number): Promise<number> {
  return (await pool.query('SELECT stock FROM products WHERE id = $1', [id])).rows[0].stock;
}

function order(customerId: number, productId: number, quantity = 1, priceCents?: number): PlaceOrder {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  return { customerId, lines: [{ productId, quantity, priceCents }], traceparent, requestKey: undefined };
}

/** Submits orders that share a group, because the order before them waits for a lock until all are submitted. */
async function inOneGroup(orders: readonly PlaceOrder[]) {
  const sizes: number[] = [];
  const group = createPlaceOrder(leaveToRelay(pool), (size) => sizes.push(size));
  const gate = await product(1, 1);
  const answers = await withTransaction(pool, 'hold the gate', async (tx) => {
    await tx.query({ text: 'SELECT 1 FROM products WHERE id = $1 FOR UPDATE', values: [gate] });
    const first = group.submit(order(1, gate));
    return { first, others: Promise.allSettled(orders.map((one) => group.submit(one))) };
  });
  await answers.first;
  return { answers: await answers.others, sizes };
}

/** Returns for each order 'placed', the kind of its refusal, or 'error'. */
function outcomes(answers: Awaited<ReturnType<typeof inOneGroup>>['answers']): string[] {
  return answers.map((answer) => {
    if (answer.status === 'rejected') return 'error';
    return 'result' in answer.value ? answer.value.result.kind : answer.value.kind;
  });
}

async function ordersOf(customerIds: readonly (number | string)[]): Promise<number[]> {
  const { rows } = await pool.query(
    `SELECT c.id, count(o.id)::int AS orders FROM unnest($1::numeric[]) WITH ORDINALITY AS c (id, n)
       LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.n ORDER BY c.n`,
    [customerIds],
  );
  return rows.map((row) => row.orders);
}

test('a refused order takes no stock from other orders of its group', async () => {
  const scarce = await product(2.5, 3);
  const plenty = await product(4, 100);
  const { answers, sizes } = await inOneGroup([
    order(11, scarce, 2),
    order(12, scarce, 2),
    order(13, plenty, 1, 399),
    order(14, 999_999),
    order(15, plenty, 1, 400),
    order(16, scarce, 1),
  ]);
  expect(sizes).toEqual([1, 6]);
  const refused = ['insufficient-stock', 'price-differs', 'unknown-product'];
  expect(outcomes(answers)).toEqual(['placed', ...refused, 'placed', 'placed']);
  expect(await ordersOf([11, 12, 13, 14, 15, 16])).toEqual([1, 0, 0, 0, 1, 1]);
  expect([await stockOf(scarce), await stockOf(plenty)]).toEqual([0, 99]);
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM outbox)::int AS events, (SELECT count(*) FROM order_items)::int AS lines`,
  );
  expect(rows).toEqual([{ events: 4, lines: 4 }]);
});

test('an order that the database cannot store fails alone, because its group is repeated one by one', async () => {
  const mug = await product(4, 100);
  const beyondBigint = 2 ** 64;
  const { answers, sizes } = await inOneGroup([order(21, mug), order(beyondBigint, mug), order(23, mug)]);
  expect(sizes).toEqual([1, 3, 1, 1, 1]);
  expect(outcomes(answers)).toEqual(['placed', 'error', 'placed']);
  expect(await ordersOf([21, String(beyondBigint), 23])).toEqual([1, 0, 1]);
  expect(await stockOf(mug)).toBe(98);
});

test.each([1, 2])(
  'an order is stored with its lines and with an event of version %d, as the setting says',
  async (version) => {
    const [mug, book] = [await product(4, 100), await product(2.5, 100)];
    await pool.query("UPDATE products SET category = 'Books' WHERE id = $1", [book]);
    const group = createPlaceOrder(leaveToRelay(pool, { ...defaultVersions, OrderCreated: version }), () => undefined);
    const lines = [mug, book, mug].map((productId) => ({ productId, quantity: 1, priceCents: undefined }));
    await group.submit({ ...order(31, mug), lines });
    const { rows: stored } = await pool.query('SELECT line, product_id, category FROM order_items ORDER BY line');
    const expected = [
      { line: 1, product_id: mug, category: 'Kitchen' },
      { line: 2, product_id: book, category: 'Books' },
      { line: 3, product_id: mug, category: 'Kitchen' },
    ];
    expect(stored).toEqual(expected);
    const { rows } = await pool.query('SELECT payload, created_at FROM outbox');
    const { payload, created_at: committedAt } = rows[0];
    expect([payload.version, payload.placedAt, payload.occurredAt]).toEqual(
      version === 1
        ? [undefined, undefined, committedAt.toISOString()]
        : [2, committedAt.toISOString(), committedAt.toISOString()],
    );
    expect(payload.items.map(({ line }: { line?: number }) => line)).toEqual(
      expected.map(({ line }) => (version === 1 ? undefined : line)),
    );
  },
);
