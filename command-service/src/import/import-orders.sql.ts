import type { Tx } from '@tallyline/chassis/postgres';
import type { NewOrder } from '../orders/orders.sql.js';

export interface ImportedOrder extends NewOrder {
  readonly placedAt: Date;
}

/** Like insertOrders, with a time of its own for each order. The outbox rows are of now: that is when they are committed. */
export async function insertImportedOrders(tx: Tx, orders: readonly ImportedOrder[]): Promise<void> {
  const lines = orders.flatMap((order) => order.lines.map((line) => ({ ...line, orderId: order.id })));
  const sold = new Map<number, number>();
  for (const { productId, quantity } of lines) sold.set(productId, (sold.get(productId) ?? 0) + quantity);
  await tx.query({
    name: 'insert-imported-orders',
    text: `
      WITH sold AS (
        UPDATE products SET stock = products.stock - sold.quantity
          FROM unnest($1::bigint[], $2::bigint[]) AS sold (product_id, quantity)
         WHERE products.id = sold.product_id
      ), placed AS (
        INSERT INTO orders (id, customer_id, total, created_at)
        SELECT id, customer_id, cents * 0.01, placed_at
          FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[]) AS o (id, customer_id, cents, placed_at)
      ), lines AS (
        INSERT INTO order_items (order_id, product_id, quantity, price)
        SELECT order_id, product_id, quantity, cents * 0.01
          FROM unnest($7::bigint[], $8::bigint[], $9::int[], $10::bigint[]) AS l (order_id, product_id, quantity, cents)
      )
      INSERT INTO outbox (id, topic, payload, traceparent, created_at)
      SELECT * FROM unnest($11::uuid[], $12::text[], $13::jsonb[], $14::text[], $15::timestamptz[])`,
    values: [
      [...sold.keys()],
      [...sold.values()],
      orders.map(({ id }) => id),
      orders.map(({ customerId }) => customerId),
      orders.map(({ totalCents }) => totalCents),
      orders.map(({ placedAt }) => placedAt),
      lines.map(({ orderId }) => orderId),
      lines.map(({ productId }) => productId),
      lines.map(({ quantity }) => quantity),
      lines.map(({ priceCents }) => priceCents),
      orders.map(({ event }) => event.id),
      orders.map(({ event }) => event.topic),
      orders.map(({ event }) => event.payload),
      orders.map(({ event }) => event.traceparent),
      orders.map(({ event }) => event.createdAt),
    ],
  });
}
