import type { OrderCreated } from '@tallyline/contracts/events';
import { projection, type View } from './projection.js';

/** Orders as they were placed: a row per order, written by its one OrderCreated. */
interface Delta {
  readonly orderId: number;
  event: OrderCreated | undefined;
}

const ordersRead: View<Delta, number> = {
  table: 'orders_read',
  zero: (orderId) => ({ orderId, event: undefined }),
  upsert: (deltas) => {
    const orders = deltas.flatMap(({ event }) => event ?? []);
    return {
      name: 'upsert-orders-read',
      sql: `
        INSERT INTO orders_read (order_id, customer_id, total, items, placed_at)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::numeric[], $4::jsonb[], $5::timestamptz[])
        ON CONFLICT (order_id) DO NOTHING`,
      values: [
        orders.map((o) => o.orderId),
        orders.map((o) => o.customerId),
        orders.map((o) => o.total.toFixed(2)),
        orders.map((o) => JSON.stringify(o.items)),
        orders.map((o) => o.occurredAt),
      ],
    };
  },
};

export const ordersReadOfOrderCreated = projection('OrderCreated', ordersRead, (event, deltaOf) => {
  deltaOf(event.orderId).event ??= event;
});
