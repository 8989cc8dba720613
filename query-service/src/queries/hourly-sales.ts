import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, instant } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { rangeProblem } from '../day-range.js';
import { instantParameter } from '../parameters.js';
import { readShopNow } from './shop-clock.sql.js';

const HOUR_MS = 3_600_000;
const MAX_HOURS = 31 * 24;

const answer = z.array(z.object({ hour: instant, totalOrders: z.int().min(0), totalRevenue: amount }));

/** Orders and revenue per UTC hour. The answer has every hour that overlaps [from, to), with zeros if nothing was sold. */
export function hourlySalesRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/sales/hourly',
    {
      summary: 'Sales by the hour',
      description: `Hours are those of UTC. At most ${MAX_HOURS} hours from \`from\` to \`to\`.`,
      query: z.strictObject({ from: instantParameter.optional(), to: instantParameter.optional() }),
      answer: {
        status: 200,
        description: 'The hours from `from` to before `to`; the last 24 when left out',
        schema: answer,
      },
    },
    async ({ query }) => {
      const { from, to } = rangeOf(query.from, query.to ?? (query.from ? dayAfter(query.from) : await readShopNow(db)));
      const rows = await db.query<{ hour: Date; orders: number; revenue: string }>({
        name: 'hourly-sales',
        text: `SELECT hour, COALESCE(total_orders, 0) AS orders, COALESCE(total_revenue, 0) AS revenue
                 FROM generate_series($1::timestamptz, $2::timestamptz, interval '1 hour') AS hour
                 LEFT JOIN hourly_sales_view ON hour_timestamp = hour AND hour_timestamp BETWEEN $1 AND $2
                ORDER BY hour`,
        values: [from, new Date(to.getTime() - 1)],
      });
      return {
        body: rows.map(({ hour, orders, revenue }) => ({
          hour: hour.toISOString(),
          totalOrders: orders,
          totalRevenue: Number(revenue),
        })),
      };
    },
  );
}

const hourOf = (time: number) => Math.floor(time / HOUR_MS) * HOUR_MS;

/** The end of the 24 hours that begin with the hour of `from`. */
export function dayAfter(from: Date): Date {
  return new Date(hourOf(from.getTime()) + 24 * HOUR_MS);
}

/** Without `from` the range is 24 hours of the clock; the hour of `end` is one of them even if it is not over. */
export function rangeOf(from: Date | undefined, end: Date): { from: Date; to: Date } {
  const start = from ?? new Date(hourOf(end.getTime() - 1) - 23 * HOUR_MS);
  if (end <= start) throw rangeProblem('must be after from');
  if (end.getTime() - start.getTime() > MAX_HOURS * HOUR_MS)
    throw rangeProblem(`must be at most ${MAX_HOURS} hours after from`);
  return { from: new Date(hourOf(start.getTime())), to: end };
}
