import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, day } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { dayParameter } from '../parameters.js';
import { SHOP_NOW } from './shop-clock.sql.js';

const count = z.int().min(0);
/** The figures of one branch on one day. */
export const branchFigures = z.object({ day, revenue: amount, items: count, purchases: count, uniqueCustomers: count });
export const branchesSideBySide = z.array(
  branchFigures.extend({ branchId: z.string(), name: z.string(), weekBefore: branchFigures }),
);

interface Row {
  readonly branchId: string;
  readonly name: string;
  readonly timeZone: string;
  readonly daysAgo: number;
  readonly day: string;
  readonly revenue: string;
  readonly items: number;
  readonly purchases: number;
  readonly uniqueCustomers: number;
}

/** Answers all branches on one day, each with its figures of the same weekday a week before. */
export function branchesSideBySideRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches',
    {
      summary: 'All branches side by side',
      query: z.strictObject({ date: dayParameter.optional() }),
      answer: {
        status: 200,
        description: "The figures of the day; without a date, of each branch's own today",
        schema: branchesSideBySide,
      },
    },
    async ({ query }) => ({
      body: (await readBranches(db, query.date)).map(({ branchId, name, ofDay }) => ({
        branchId,
        name,
        ...ofDay(0),
        weekBefore: ofDay(7),
      })),
    }),
  );
}

/** The days to read: the given day, the day before it, and the same two days a week earlier. */
const DAYS_AGO = [0, 1, 7, 8] as const;

export async function readBranches(db: Queryable, date?: string) {
  const rows = await db.query<Row>({
    name: 'branches-side-by-side',
    text: `
          SELECT b.id AS "branchId", b.name, b.time_zone AS "timeZone", d.days AS "daysAgo", d.day::text AS day,
                 COALESCE(revenue_sum, 0) AS revenue, COALESCE(items_sum, 0) AS items, COALESCE(purchases_count, 0) AS purchases,
                 COALESCE(customers_count, 0) AS "uniqueCustomers"
            FROM branches b
           CROSS JOIN LATERAL (
                 SELECT days, COALESCE($1::date, (${SHOP_NOW} AT TIME ZONE b.time_zone)::date) - days AS day
                   FROM unnest($2::int[]) AS days) d
            LEFT JOIN daily_sales_by_branch s ON s.branch_id = b.id AND s.day = d.day
            LEFT JOIN unique_customers_daily u ON u.branch_id = b.id AND u.day = d.day
           ORDER BY b.id, d.days`,
    values: [date ?? null, DAYS_AGO],
  });
  const first = rows.filter(({ daysAgo }) => daysAgo === 0);
  return first.map(({ branchId, name, timeZone }) => ({
    branchId,
    name,
    timeZone,
    ofDay: (daysAgo: (typeof DAYS_AGO)[number]) =>
      figuresOf(rows.find((row) => row.branchId === branchId && row.daysAgo === daysAgo) as Row),
  }));
}

function figuresOf({ day, revenue, items, purchases, uniqueCustomers }: Row) {
  return { day, revenue: Number(revenue), items, purchases, uniqueCustomers };
}
