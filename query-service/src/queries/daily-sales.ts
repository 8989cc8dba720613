import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { countParameter } from '../parameters.js';
import { SHOP_NOW } from './shop-clock.sql.js';
import { startOfDay } from './shop-day.js';

const MAX_DAYS = 92;
const DEFAULT_DAYS = 30;

export const dailySales = z.object({
  timeZone: z.string(),
  days: z.array(z.object({ day: z.iso.date(), orders: z.int().min(0), revenue: amount })),
});

export type DailySales = z.infer<typeof dailySales>;

/** Orders and revenue per day of the shop's time zone, today last, with zeros where nothing was sold. */
export function dailySalesRoute(db: Queryable, timeZone: string): Route {
  return route(
    'get',
    '/api/analytics/sales/daily',
    {
      summary: 'Sales by the day',
      query: z.strictObject({ days: countParameter(DEFAULT_DAYS, MAX_DAYS) }),
      answer: { status: 200, description: 'The last days', schema: dailySales },
    },
    async ({ query: { days } }) => ({ body: await readDailySales(db, timeZone, days) }),
  );
}

/** Adds up the minutes of these days, which are a range of the index, so the cost does not grow with history. */
export async function readDailySales(db: Queryable, timeZone: string, days = DEFAULT_DAYS): Promise<DailySales> {
  const rows = await db.query<{ day: string; orders: number; revenue: string }>({
    name: 'daily-sales',
    text: `
      WITH first AS (SELECT date_trunc('day', ${SHOP_NOW} AT TIME ZONE $1) - ($2::int - 1) * interval '1 day' AS day),
      sold AS (
        SELECT date_trunc('day', minute_timestamp AT TIME ZONE $1) AS day, sum(total_orders)::bigint AS orders,
               sum(total_revenue) AS revenue
          FROM minute_sales_view
         WHERE minute_timestamp >= ${startOfDay('(SELECT day FROM first)')}
         GROUP BY 1
      )
      SELECT to_char(d.day, 'YYYY-MM-DD') AS day, COALESCE(orders, 0) AS orders, COALESCE(revenue, 0) AS revenue
        FROM generate_series((SELECT day FROM first), ${SHOP_NOW} AT TIME ZONE $1, interval '1 day') AS d (day)
        LEFT JOIN sold USING (day) ORDER BY d.day`,
    values: [timeZone, days],
  });
  return { timeZone, days: rows.map(({ day, orders, revenue }) => ({ day, orders, revenue: Number(revenue) })) };
}
