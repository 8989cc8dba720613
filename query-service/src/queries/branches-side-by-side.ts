import type { Queryable } from '@tallyline/chassis/postgres';
import { type Route, route } from '@tallyline/chassis/route';
import { amount, day } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { dayParameter } from '../parameters.js';

const count = z.int().min(0);
const figures = z.object({ day, revenue: amount, items: count, purchases: count, uniqueCustomers: count });
export const branchesSideBySide = z.array(
  figures.extend({ branchId: z.string(), name: z.string(), weekBefore: figures }),
);

interface Row {
  readonly branchId: string;
  readonly name: string;
  readonly day: string;
  readonly revenue: string;
  readonly items: number;
  readonly purchases: number;
  readonly uniqueCustomers: number;
}

/** All branches on one day, each beside its own same weekday of the week before. */
export function branchesSideBySideRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches',
    {
      summary: 'All branches side by side',
      query: z.strictObject({ date: dayParameter.optional() }),
      answer: {
        status: 200,
        description: "On the day; on each branch's own today when left out",
        schema: branchesSideBySide,
      },
    },
    async ({ query }) => ({ body: await readBranches(db, query.date) }),
  );
}

export async function readBranches(db: Queryable, date?: string) {
  // Two rows for each branch: the day, then the one a week before.
  const rows = await db.query<Row>({
    name: 'branches-side-by-side',
    text: `
          SELECT b.id AS "branchId", b.name, d.day::text AS day, COALESCE(revenue_sum, 0) AS revenue,
                 COALESCE(items_sum, 0) AS items, COALESCE(purchases_count, 0) AS purchases,
                 COALESCE(customers_count, 0) AS "uniqueCustomers"
            FROM branches b
           CROSS JOIN LATERAL (
                 SELECT COALESCE($1::date, (now() AT TIME ZONE b.time_zone)::date) - days AS day
                   FROM unnest(ARRAY[0, 7]) AS days) d
            LEFT JOIN daily_sales_by_branch s ON s.branch_id = b.id AND s.day = d.day
            LEFT JOIN unique_customers_daily u ON u.branch_id = b.id AND u.day = d.day
           ORDER BY b.id, d.day DESC`,
    values: [date ?? null],
  });
  return rows.flatMap((row, index) => {
    const before = rows[index + 1];
    if (index % 2 === 1 || before === undefined) return [];
    return { branchId: row.branchId, name: row.name, ...shown(row), weekBefore: shown(before) };
  });
}

function shown({ day, revenue, items, purchases, uniqueCustomers }: Row) {
  return { day, revenue: Number(revenue), items, purchases, uniqueCustomers };
}
