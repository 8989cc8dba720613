import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { requestKey } from '../idempotency/idempotency-key.js';
import { leaveToRelay } from '../outbox/emit.js';
import { createPlaceOrder, type PlaceOrder } from './place-order.js';

const { pool } = await openTestDatabase('write');

/** Each call stands for another process of the service. */
const copyOfTheService = () => createPlaceOrder(leaveToRelay(pool));

async function mug(): Promise<number> {
  const { rows } = await pool.query(
    "INSERT INTO products (name, category, price, stock) VALUES ('Mug', 'Kitchen', 4, 100) RETURNING id",
  );
  return rows[0].id;
}

function keyedOrder(customerId: number, productId: number): PlaceOrder {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const key = requestKey(randomUUID(), { customerId, productId });
  return { customerId, lines: [{ productId, quantity: 1, priceCents: undefined }], traceparent, requestKey: key };
}

test('a second copy of the service answers key-running until the first order with that key has committed', async () => {
  const productId = await mug();
  const order = keyedOrder(1, productId);
  const answers = await withTransaction(pool, 'hold the product', async (tx) => {
    await tx.query({ text: 'SELECT 1 FROM products WHERE id = $1 FOR UPDATE', values: [productId] });
    const copies = [copyOfTheService(), copyOfTheService()].map((copy) => copy.submit(order));
    await untilLockWaiters(pool, 2);
    return { submitted: Promise.allSettled(copies) };
  });
  const kinds = (await answers.submitted).map((answer) => {
    if (answer.status === 'rejected') return 'error';
    return 'result' in answer.value ? answer.value.result.kind : answer.value.kind;
  });
  expect(kinds.sort()).toEqual(['key-running', 'placed']);
});

test('stores no idempotency key when its order cannot be stored', async () => {
  const beyondBigint = 2 ** 64;
  const order = keyedOrder(beyondBigint, await mug());
  await expect(copyOfTheService().submit(order)).rejects.toThrow('out of range');
  const { rowCount } = await pool.query('SELECT 1 FROM idempotency_keys WHERE key = $1', [order.requestKey?.key]);
  expect(rowCount).toBe(0);
});
