import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, day, id } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { countParameter, dayParameter } from '../parameters.js';
import { branchPath, findBranch } from './find-branch.js';

const product = z.object({ productId: id, name: z.string().nullable(), units: z.int().min(1), revenue: amount });

export const branchTopProducts = z.object({
  from: day,
  to: day,
  /** The ISO 8601 week, such as `2026-W53`. */
  week: z.string(),
  byUnits: z.array(product),
  byRevenue: z.array(product),
});

interface Row {
  readonly productId: number;
  readonly name: string | null;
  readonly units: number;
  readonly revenue: string;
  readonly unitsRank: number;
  readonly revenueRank: number;
}

/** The best sellers of a branch on a day or in an ISO week. The query reads one row per product and day. */
export function branchTopProductsRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches/:branch/top-products',
    {
      summary: "A branch's best sellers",
      params: branchPath,
      query: z.strictObject({
        period: z.enum(['day', 'week']).default('day'),
        date: dayParameter.optional(),
        limit: countParameter(10),
      }),
      answer: {
        status: 200,
        description: 'Best sellers of the day, or of the ISO week that contains it; by default of today',
        schema: branchTopProducts,
      },
      problems: { 404: 'The branch is unknown' },
    },
    async ({ params, query: { period, date, limit } }) => {
      const { branchId, today } = await findBranch(db, params.branch);
      return { body: await readTopProducts(db, branchId, period, date ?? today, limit) };
    },
  );
}

export async function readTopProducts(
  db: Queryable,
  branchId: string,
  period: 'day' | 'week',
  date: string,
  limit: number,
) {
  const range = await rangeOf(db, period, date);
  const rows = await db.query<Row>({
    name: 'branch-top-products',
    text: `
          WITH sold AS (
            SELECT product_id, sum(qty_sum)::bigint AS units, sum(revenue_sum) AS revenue
              FROM product_sales_daily WHERE branch_id = $1 AND day BETWEEN $2 AND $3 GROUP BY product_id
          ), ranked AS (
            SELECT *, row_number() OVER (ORDER BY units DESC, revenue DESC, product_id) AS "unitsRank",
                      row_number() OVER (ORDER BY revenue DESC, units DESC, product_id) AS "revenueRank"
              FROM sold
          )
          SELECT product_id AS "productId", name, units, revenue, "unitsRank", "revenueRank"
            FROM ranked LEFT JOIN products_read USING (product_id)
           WHERE "unitsRank" <= $4 OR "revenueRank" <= $4`,
    values: [branchId, range.from, range.to, limit],
  });
  const best = (rank: 'unitsRank' | 'revenueRank') =>
    rows
      .filter((row) => row[rank] <= limit)
      .sort((a, b) => a[rank] - b[rank])
      .map(({ productId, name, units, revenue }) => ({ productId, name, units, revenue: Number(revenue) }));
  return { ...range, byUnits: best('unitsRank'), byRevenue: best('revenueRank') };
}

/** The database decides which week a day belongs to, here as in every other query. */
async function rangeOf(db: Queryable, period: 'day' | 'week', date: string) {
  const [range] = await db.query<{ from: string; to: string; week: string }>({
    name: 'top-products-range',
    text: `SELECT first::date::text AS "from", (first + $2::interval - interval '1 day')::date::text AS "to",
                  to_char(first, 'IYYY-"W"IW') AS week
             FROM date_trunc($1, $3::timestamp) AS first`,
    values: [period, `1 ${period}`, date],
  });
  if (range === undefined) throw new Error(`the database returned no ${period} for ${date}`);
  return range;
}
