import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { day } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { dayRange } from '../day-range.js';
import { dayParameter } from '../parameters.js';
import { branchPath, findBranch } from './find-branch.js';

const MAX_DAYS = 366;

export const uniqueCustomers = z.array(z.object({ day, uniqueCustomers: z.int().min(0) }));

/** Distinct customers of a branch on each day. They cannot be added up, because one customer may come on two days. */
export function branchUniqueCustomersRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches/:branch/unique-customers',
    {
      summary: "A branch's distinct customers by the day",
      description: `At most ${MAX_DAYS} days, both ends included.`,
      params: branchPath,
      query: z.strictObject({ from: dayParameter.optional(), to: dayParameter.optional() }),
      answer: {
        status: 200,
        description: 'Days from `from` to `to`, both included; by default 30',
        schema: uniqueCustomers,
      },
      problems: { 404: 'The branch is unknown' },
    },
    async ({ params, query }) => {
      const { branchId, today } = await findBranch(db, params.branch);
      const { from, to } = dayRange(query, today, MAX_DAYS);
      return { body: await readUniqueCustomers(db, branchId, from, to) };
    },
  );
}

export function readUniqueCustomers(db: Queryable, branchId: string, from: string, to: string) {
  return db.query<{ day: string; uniqueCustomers: number }>({
    name: 'branch-unique-customers',
    // Without the range of days in the join the plan may read the branch's whole history.
    text: `SELECT d::date::text AS day, COALESCE(customers_count, 0) AS "uniqueCustomers"
             FROM generate_series($2::timestamp, $3::timestamp, interval '1 day') AS d
             LEFT JOIN unique_customers_daily ON branch_id = $1 AND day = d::date AND day BETWEEN $2::date AND $3::date
            ORDER BY d`,
    values: [branchId, from, to],
  });
}
