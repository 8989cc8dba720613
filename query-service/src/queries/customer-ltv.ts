import { readByKey } from '@tallyline/chassis/batching/read-by-key';
import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, id, instant } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { notFound } from '../not-found.js';
import { idParameter } from '../parameters.js';

const answer = z.object({ customerId: id, totalSpent: amount, orderCount: z.int().min(1), lastOrderDate: instant });

interface Row {
  readonly customerId: number;
  readonly spent: string;
  readonly orders: number;
  readonly lastAt: Date;
}

/** Spend, orders and last order of one customer. The call has two names. */
export function customerLtvRoutes(db: Queryable): Route[] {
  const lifetimeValueOf = readByKey<number, Row>(
    db,
    {
      name: 'customer-ltv',
      text: `SELECT customer_id AS "customerId", total_spent AS spent, order_count AS orders, last_order_date AS "lastAt"
             FROM customer_ltv_view WHERE customer_id = ANY($1::bigint[])`,
    },
    (row) => row.customerId,
  );
  return ['lifetime-value', 'ltv'].map((name) =>
    route(
      'get',
      `/api/analytics/customers/:id/${name}`,
      {
        summary: 'Spend of a customer',
        params: z.object({ id: idParameter }),
        answer: { status: 200, description: 'Totals since the beginning', schema: answer },
        problems: { 404: 'The customer has no orders' },
      },
      async ({ params }) => {
        const row = await lifetimeValueOf(params.id);
        if (row === undefined) throw notFound(`customer ${params.id} has no orders`);
        return {
          body: {
            customerId: params.id,
            totalSpent: Number(row.spent),
            orderCount: row.orders,
            lastOrderDate: row.lastAt.toISOString(),
          },
        };
      },
    ),
  );
}
