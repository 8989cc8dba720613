import { readByKey } from '@tallyline/chassis/batching/read-by-key';
import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, id } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { notFound } from '../not-found.js';
import { idParameter } from '../parameters.js';

const answer = z.object({
  productId: id,
  totalQuantitySold: z.int().min(0),
  totalRevenue: amount,
  orderCount: z.int().min(0),
});

interface Row {
  readonly productId: number;
  readonly quantity: number;
  readonly revenue: string;
  readonly orders: number;
}

/** Units, revenue and orders of one product. A product that has sold nothing has a row of zeros. */
export function productSalesRoute(db: Queryable): Route {
  const salesOf = readByKey<number, Row>(
    db,
    {
      name: 'product-sales',
      text: `SELECT product_id AS "productId", total_quantity_sold AS quantity, total_revenue AS revenue, order_count AS orders
             FROM product_sales_view WHERE product_id = ANY($1::bigint[])`,
    },
    (row) => row.productId,
  );
  return route(
    'get',
    '/api/analytics/products/:id/sales',
    {
      summary: 'Sales of a product',
      params: z.object({ id: idParameter }),
      answer: { status: 200, description: 'Totals since the beginning', schema: answer },
      problems: { 404: 'The product is unknown' },
    },
    async ({ params }) => {
      const row = await salesOf(params.id);
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
