import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Revenue and orders per category: sums, so events may come in any order. A category of a new product has a row of zeros. */
interface Delta {
  readonly category: string;
  revenueCents: bigint;
  orders: number;
}

const categoryMetrics: View<Delta, string> = {
  table: 'category_metrics_view',
  zero: (category) => ({ category, revenueCents: 0n, orders: 0 }),
  upsert: (deltas) => ({
    name: 'upsert-category-metrics',
    sql: `
        INSERT INTO category_metrics_view AS v (category_name, total_revenue, total_orders)
        SELECT category, cents * 0.01, orders FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS d (category, cents, orders)
        ON CONFLICT (category_name) DO UPDATE SET
          total_revenue = v.total_revenue + EXCLUDED.total_revenue,
          total_orders = v.total_orders + EXCLUDED.total_orders`,
    values: [deltas.map((d) => d.category), deltas.map((d) => d.revenueCents), deltas.map((d) => d.orders)],
  }),
};

export const categoryMetricsOfProductCreated = projection(
  'ProductCreated',
  categoryMetrics,
  (event, deltaOf) => void deltaOf(event.category),
);

export const categoryMetricsOfOrderCreated = projection('OrderCreated', categoryMetrics, (event, deltaOf) => {
  for (const { category, quantity, price } of event.items) {
    deltaOf(category).revenueCents += BigInt(exactCents(price) * quantity);
  }
  // Two lines of one category are one order of that category.
  for (const category of new Set(event.items.map((item) => item.category))) deltaOf(category).orders += 1;
});
