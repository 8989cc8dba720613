import { expect } from '@jest/globals';
import type { Suite } from './suite.js';

/** The views as the write side would have them, to the cent; computed by SQL that shares nothing with the consumer. */
const EXPECTED = {
  product_sales_view: `
    SELECT p.id::text AS key, COALESCE(sum(i.quantity), 0)::text AS a, COALESCE(sum(i.quantity * i.price), 0)::numeric(30, 2)::text AS b,
           count(DISTINCT i.order_id)::text AS c
      FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.id ORDER BY 1`,
  category_metrics_view: `
    SELECT p.category AS key, count(DISTINCT i.order_id)::text AS a, COALESCE(sum(i.quantity * i.price), 0)::numeric(30, 2)::text AS b
      FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.category ORDER BY 1`,
  customer_ltv_view: `
    SELECT customer_id::text AS key, count(*)::text AS a, sum(total)::numeric(30, 2)::text AS b, max(created_at)::text AS c
      FROM orders GROUP BY customer_id ORDER BY 1`,
  hourly_sales_view: `
    SELECT date_trunc('hour', created_at, 'UTC')::text AS key, count(*)::text AS a, sum(total)::numeric(30, 2)::text AS b
      FROM orders GROUP BY 1 ORDER BY 1`,
  orders_read: `SELECT id::text AS key, customer_id::text AS a, total::numeric(30, 2)::text AS b FROM orders ORDER BY 1`,
};

const SHOWN: Readonly<Record<keyof typeof EXPECTED, string>> = {
  product_sales_view: `
    SELECT product_id::text AS key, total_quantity_sold::text AS a, total_revenue::numeric(30, 2)::text AS b, order_count::text AS c
      FROM product_sales_view ORDER BY 1`,
  category_metrics_view: `
    SELECT category_name AS key, total_orders::text AS a, total_revenue::numeric(30, 2)::text AS b
      FROM category_metrics_view ORDER BY 1`,
  customer_ltv_view: `
    SELECT customer_id::text AS key, order_count::text AS a, total_spent::numeric(30, 2)::text AS b, last_order_date::text AS c
      FROM customer_ltv_view ORDER BY 1`,
  hourly_sales_view: `
    SELECT hour_timestamp::text AS key, total_orders::text AS a, total_revenue::numeric(30, 2)::text AS b
      FROM hourly_sales_view ORDER BY 1`,
  orders_read: `SELECT order_id::text AS key, customer_id::text AS a, total::numeric(30, 2)::text AS b FROM orders_read ORDER BY 1`,
};

/** Fails with the first view that differs; and every order that was answered 201 must be stored. */
export async function expectViewsEqualOrders(suite: Suite, accepted: readonly number[] = []): Promise<void> {
  for (const [view, expected] of Object.entries(EXPECTED) as [keyof typeof EXPECTED, string][]) {
    const [want, have] = await Promise.all([suite.write.query(expected), suite.read.query(SHOWN[view])]);
    expect({ view, rows: have.rows }).toEqual({ view, rows: want.rows });
  }
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE id = ANY($1::bigint[])', [
    accepted,
  ]);
  expect(rows[0].n).toBe(accepted.length);
}
