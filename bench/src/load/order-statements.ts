import { randomUUID } from 'node:crypto';
import type pg from 'pg';

/**
 * Places one order by direct SQL in two round trips, with statements that are prepared once per connection. BEGIN and the lock
 * share the first round trip; one statement for all rows and COMMIT share the second.
 */
const LOCK = {
  name: 'lock',
  text: `SELECT category, (price * 100)::bigint AS cents, stock, date_trunc('milliseconds', clock_timestamp()) AS now,
                nextval('orders_id_seq') AS id
           FROM products WHERE id = $1 FOR NO KEY UPDATE`,
};
const INSERT = {
  name: 'insert',
  text: `WITH sold AS (UPDATE products SET stock = stock - 1 WHERE id = $1),
              placed AS (INSERT INTO orders (id, customer_id, total, created_at) VALUES ($2, $3, $4::bigint * 0.01, $5)),
              lines AS (INSERT INTO order_items (order_id, line, product_id, category, quantity, price)
                         VALUES ($2, 1, $1, $9, 1, $4::bigint * 0.01))
         INSERT INTO outbox (id, topic, payload, traceparent, created_at) VALUES ($6, 'order.created', $7, $8, $5)`,
};

export interface LockedOrder {
  readonly category: string;
  readonly cents: string;
  readonly stock: string;
  readonly now: Date;
  readonly id: string;
}

export async function beginOrder(client: pg.Client, productId: number): Promise<LockedOrder> {
  const [, { rows }] = await Promise.all([client.query('BEGIN'), client.query({ ...LOCK, values: [productId] })]);
  return rows[0];
}

export async function finishOrder(
  client: pg.Client,
  productId: number,
  customerId: number,
  { category, cents, stock, now, id }: LockedOrder,
): Promise<void> {
  if (Number(stock) < 1) throw new Error(`product ${productId} is sold out`);
  const hex = now.getTime().toString(16).padStart(12, '0');
  const eventId = `${hex.slice(0, 8)}-${hex.slice(8)}-7${randomUUID().slice(15)}`;
  const price = Number(cents) / 100;
  const event = {
    eventId,
    eventType: 'OrderCreated',
    occurredAt: now.toISOString(),
    orderId: Number(id),
    customerId,
    total: price,
    items: [{ productId, category, quantity: 1, price }],
  };
  const traceparent = `00-${randomUUID().replaceAll('-', '')}-00f067aa0ba902b7-01`;
  const values = [productId, id, customerId, cents, now, eventId, JSON.stringify(event), traceparent, category];
  await Promise.all([client.query({ ...INSERT, values }), client.query('COMMIT')]);
}
