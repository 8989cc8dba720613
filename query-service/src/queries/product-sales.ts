import type { Queryable } from '@tallyline/chassis/postgres';
import { type Route, route } from '@tallyline/chassis/route';
import { amount, id } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { notFound } from '../not-found.js';
import { pathId } from '../parameters.js';

const answer = z.object({
  productId: id,
  totalQuantitySold: z.int().min(0),
  totalRevenue: amount,
  orderCount: z.int().min(0),
});

/** Units, revenue and orders of one product. A product that has sold nothing has a row of zeros. */
export function productSalesRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/products/:id/sales',
    {
      summary: 'What a product has sold',
      params: z.object({ id: pathId }),
      answer: { status: 200, description: 'Totals since the beginning', schema: answer },
      problems: { 404: 'The product is unknown' },
    },
    async ({ params }) => {
      const [row] = await db.query<{ quantity: number; revenue: string; orders: number }>({
        name: 'product-sales',
        text: `SELECT total_quantity_sold AS quantity, total_revenue AS revenue, order_count AS orders
                 FROM product_sales_view WHERE product_id = $1`,
        values: [params.id],
      });
      if (row === undefined) throw notFound(`there is no product ${params.id}`);
      return {
        body: {
          productId: params.id,
          totalQuantitySold: row.quantity,
          totalRevenue: Number(row.revenue),
          orderCount: row.orders,
        },
      };
    },
  );
}
