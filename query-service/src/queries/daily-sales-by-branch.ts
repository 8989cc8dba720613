import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, day } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { dayRange } from '../day-range.js';
import { dayParameter } from '../parameters.js';
import { branchPath, findBranch } from './find-branch.js';

/** The query reads one row per day for every interval, so this also limits its cost. */
const MAX_DAYS = { day: 366, week: 1_830, month: 1_830 };

const answer = z.array(
  z.object({ from: day, to: day, revenue: amount, items: z.int().min(0), purchases: z.int().min(0) }),
);

interface Row {
  readonly from: string;
  readonly to: string;
  readonly revenue: string;
  readonly items: number;
  readonly purchases: number;
}

/** Revenue of a branch per day, ISO week or month. It has every interval that overlaps the range, as a whole. */
export function branchRevenueRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches/:branch/revenue',
    {
      summary: "A branch's revenue over time",
      description: `At most ${MAX_DAYS.day} days, both ends included; ${MAX_DAYS.week} when the interval is a week or a month.`,
      params: branchPath,
      query: z.strictObject({
        from: dayParameter.optional(),
        to: dayParameter.optional(),
        interval: z.enum(['day', 'week', 'month']).default('day'),
      }),
      answer: {
        status: 200,
        description: 'Intervals from `from` to `to`, both included; by default 30 days',
        schema: answer,
      },
      problems: { 404: 'The branch is unknown' },
    },
    async ({ params, query: { interval, ...asked } }) => {
      const { branchId, today } = await findBranch(db, params.branch);
      const { from, to } = dayRange(asked, today, MAX_DAYS[interval]);
      const rows = await db.query<Row>({
        name: `branch-revenue-${interval}`,
        text: `
          WITH sold AS (
            SELECT date_trunc('${interval}', day::timestamp) AS first, sum(revenue_sum) AS revenue,
                   sum(items_sum)::bigint AS items, sum(purchases_count)::bigint AS purchases
              FROM daily_sales_by_branch
             WHERE branch_id = $1 AND day >= date_trunc('${interval}', $2::timestamp)::date
               AND day < (date_trunc('${interval}', $3::timestamp) + interval '1 ${interval}')::date
             GROUP BY 1
          )
          SELECT first::date::text AS "from", (first + interval '1 ${interval}' - interval '1 day')::date::text AS "to",
                 COALESCE(revenue, 0) AS revenue, COALESCE(items, 0) AS items, COALESCE(purchases, 0) AS purchases
            FROM generate_series(date_trunc('${interval}', $2::timestamp), $3::timestamp, interval '1 ${interval}') AS first
            LEFT JOIN sold USING (first)
           ORDER BY first`,
        values: [branchId, from, to],
      });
      return { body: rows.map((row) => ({ ...row, revenue: Number(row.revenue) })) };
    },
  );
}
