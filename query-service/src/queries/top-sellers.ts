import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, id, instant } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { countParameter } from '../parameters.js';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 8;
const count = z.int().min(0);

export const topSellers = z.object({
  products: z.array(
    z.object({ productId: id, name: z.string().nullable(), revenue: amount, quantity: count, orders: count }),
  ),
  categories: z.array(z.object({ category: z.string(), revenue: amount, orders: count })),
  customers: z.array(z.object({ customerId: id, spent: amount, orders: count, lastOrderDate: instant })),
});

export type TopSellers = z.infer<typeof topSellers>;

/** The best products, categories and customers of all time. A product's name is null until its own event is applied. */
export function topSellersRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/top',
    {
      summary: 'Best products, categories and customers by revenue',
      query: z.strictObject({ limit: countParameter(DEFAULT_LIMIT, MAX_LIMIT) }),
      answer: { status: 200, description: 'The first `limit` of each', schema: topSellers },
    },
    async ({ query }) => ({ body: await readTopSellers(db, query.limit) }),
  );
}

/** Each list is the head of an index, so its cost does not grow with the number of products or customers. */
export async function readTopSellers(db: Queryable, limit = DEFAULT_LIMIT): Promise<TopSellers> {
  const [products, categories, customers] = await Promise.all([
    db.query<{ productId: number; name: string | null; revenue: string; quantity: number; orders: number }>({
      name: 'top-products',
      text: `SELECT product_id AS "productId", name, total_revenue AS revenue, total_quantity_sold AS quantity,
                    order_count AS orders
               FROM (SELECT * FROM product_sales_view WHERE total_revenue > 0
                      ORDER BY total_revenue DESC, product_id LIMIT $1) AS best
               LEFT JOIN products_read USING (product_id) ORDER BY total_revenue DESC, product_id`,
      values: [limit],
    }),
    db.query<{ category: string; revenue: string; orders: number }>({
      name: 'top-categories',
      text: `SELECT category_name AS category, total_revenue AS revenue, total_orders AS orders
               FROM category_metrics_view WHERE total_revenue > 0
              ORDER BY total_revenue DESC, category_name LIMIT $1`,
      values: [limit],
    }),
    db.query<{ customerId: number; spent: string; orders: number; lastAt: Date }>({
      name: 'top-customers',
      text: `SELECT customer_id AS "customerId", total_spent AS spent, order_count AS orders, last_order_date AS "lastAt"
               FROM customer_ltv_view ORDER BY total_spent DESC, customer_id LIMIT $1`,
      values: [limit],
    }),
  ]);
  return {
    products: products.map((row) => ({ ...row, revenue: Number(row.revenue) })),
    categories: categories.map((row) => ({ ...row, revenue: Number(row.revenue) })),
    customers: customers.map(({ lastAt, spent, ...row }) => ({
      ...row,
      spent: Number(spent),
      lastOrderDate: lastAt.toISOString(),
    })),
  };
}
