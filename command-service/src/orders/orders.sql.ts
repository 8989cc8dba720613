import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { OutboxRow } from '../outbox/emit.js';
import { EVENT_TIME, type EventTime } from '../outbox/event-time.sql.js';
import { eventColumns, insertEventsSql } from '../outbox/outbox.sql.js';
import type { AcceptedLine } from './decide-order.js';

export interface NewOrder {
  readonly id: number;
  readonly customerId: number;
  readonly totalCents: number;
  readonly lines: readonly AcceptedLine[];
  /** The time of the order. An imported order may be years old, but its event id contains the time of the import. */
  readonly placedAt: Date;
}

/**
 * Reads the time of the orders' events and takes `count` new order ids. Send it after the product locks, so that the time is
 * not before them.
 */
export async function readClockAndTakeIds(tx: Tx, count: number): Promise<{ now: EventTime; ids: number[] }> {
  const rows = await tx.query<{ now: EventTime; id: number }>({
    name: 'take-order-ids',
    text: `SELECT ${EVENT_TIME} AS now, nextval('orders_id_seq') AS id FROM generate_series(1, $1)`,
    values: [count],
  });
  const [first] = rows;
  if (first === undefined) throw new Error('the database returned no order ids');
  return { now: first.now, ids: rows.map(({ id }) => id) };
}

/**
 * Stores orders, their lines and their events and takes their stock, in one statement to save three round trips. `ANY`
 * repeats the condition of the join, because the planner scans all products for the join alone.
 */
const INSERT_ORDERS = `
  WITH sold AS (
    UPDATE products SET stock = products.stock - sold.quantity
      FROM unnest($1::bigint[], $2::bigint[]) AS sold (product_id, quantity)
     WHERE products.id = sold.product_id AND products.id = ANY ($1::bigint[])
  ), placed AS (
    INSERT INTO orders (id, customer_id, total, created_at)
    SELECT id, customer_id, cents * 0.01, placed_at
      FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[]) AS o (id, customer_id, cents, placed_at)
  ), lines AS (
    INSERT INTO order_items (order_id, line, product_id, category, quantity, price)
    SELECT order_id, line, product_id, category, quantity, cents * 0.01
      FROM unnest($7::bigint[], $8::int[], $9::bigint[], $10::text[], $11::int[], $12::bigint[])
           AS l (order_id, line, product_id, category, quantity, cents)
  )
  ${insertEventsSql(13)}`;

/** Stores a group of orders. The storage check runs this statement with no orders, to see whether any could be stored. */
export function insertOrders(orders: readonly NewOrder[], events: readonly OutboxRow[]): Statement {
  const lines = orders.flatMap((order) =>
    order.lines.map((line, index) => ({ orderId: order.id, number: index + 1, ...line })),
  );
  const sold = new Map<number, number>();
  for (const { productId, quantity } of lines) sold.set(productId, (sold.get(productId) ?? 0) + quantity);
  return {
    name: 'insert-orders',
    text: INSERT_ORDERS,
    values: [
      [...sold.keys()],
      [...sold.values()],
      orders.map(({ id }) => id),
      orders.map(({ customerId }) => customerId),
      orders.map(({ totalCents }) => totalCents),
      orders.map(({ placedAt }) => placedAt.toISOString()),
      lines.map(({ orderId }) => orderId),
      lines.map(({ number }) => number),
      lines.map(({ productId }) => productId),
      lines.map(({ category }) => category),
      lines.map(({ quantity }) => quantity),
      lines.map(({ priceCents }) => priceCents),
      ...eventColumns(events),
    ],
  };
}
