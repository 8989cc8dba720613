import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/**
 * Orders and revenue per minute of the event's own time: sums, so events may come in any order. Fine enough for "the same
 * time yesterday" and for the days of any time zone, which begin on a whole minute everywhere.
 */
interface Delta {
  readonly minute: string;
  revenueCents: bigint;
  orders: number;
}

const minuteSales: View<Delta, string> = {
  table: 'minute_sales_view',
  zero: (minute) => ({ minute, revenueCents: 0n, orders: 0 }),
  upsert: (deltas) => ({
    name: 'upsert-minute-sales',
    sql: `
        INSERT INTO minute_sales_view AS v (minute_timestamp, total_revenue, total_orders)
        SELECT minute, cents * 0.01, orders FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS d (minute, cents, orders)
        ON CONFLICT (minute_timestamp) DO UPDATE SET
          total_revenue = v.total_revenue + EXCLUDED.total_revenue,
          total_orders = v.total_orders + EXCLUDED.total_orders`,
    values: [deltas.map((d) => d.minute), deltas.map((d) => d.revenueCents), deltas.map((d) => d.orders)],
  }),
};

export const minuteSalesOfOrderCreated = projection('OrderCreated', minuteSales, (event, deltaOf) => {
  // Instants are UTC by schema, so those of one minute begin alike.
  const delta = deltaOf(`${event.occurredAt.slice(0, 16)}:00.000Z`);
  delta.revenueCents += BigInt(exactCents(event.total));
  delta.orders += 1;
});
