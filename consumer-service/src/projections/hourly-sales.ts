import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Orders and revenue per UTC hour of the event's own time: sums, so events may come in any order, and however late. */
interface Delta {
  readonly hour: string;
  revenueCents: bigint;
  orders: number;
}

const hourlySales: View<Delta, string> = {
  table: 'hourly_sales_view',
  zero: (hour) => ({ hour, revenueCents: 0n, orders: 0 }),
  upsert: (deltas) => ({
    name: 'upsert-hourly-sales',
    sql: `
        INSERT INTO hourly_sales_view AS v (hour_timestamp, total_revenue, total_orders)
        SELECT hour, cents * 0.01, orders FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS d (hour, cents, orders)
        ON CONFLICT (hour_timestamp) DO UPDATE SET
          total_revenue = v.total_revenue + EXCLUDED.total_revenue,
          total_orders = v.total_orders + EXCLUDED.total_orders`,
    values: [deltas.map((d) => d.hour), deltas.map((d) => d.revenueCents), deltas.map((d) => d.orders)],
  }),
};

export const hourlySalesOfOrderCreated = projection('OrderCreated', hourlySales, (event, deltaOf) => {
  // Instants are UTC by schema, so those of one hour begin alike.
  const delta = deltaOf(`${event.occurredAt.slice(0, 13)}:00:00.000Z`);
  delta.revenueCents += BigInt(exactCents(event.total));
  delta.orders += 1;
});
