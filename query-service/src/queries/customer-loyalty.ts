import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, instant } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { countParameter } from '../parameters.js';
import { branchPath, findBranch } from './find-branch.js';

export const loyalCustomers = z.array(
  z.object({ userId: z.guid(), purchases: z.int().min(1), totalSpent: amount, lastPurchaseAt: instant }),
);

interface Row {
  readonly userId: string;
  readonly purchases: number;
  readonly totalSpent: string;
  readonly lastPurchaseAt: Date;
}

/** A branch's best customers, by purchases, then by spend. An index has this order, so the query reads no other rows. */
export function branchLoyalCustomersRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/branches/:branch/loyal-customers',
    {
      summary: "A branch's most loyal customers",
      params: branchPath,
      query: z.strictObject({ limit: countParameter(10) }),
      answer: { status: 200, description: 'By purchases, then by spend', schema: loyalCustomers },
      problems: { 404: 'The branch is unknown' },
    },
    async ({ params, query }) => {
      const { branchId } = await findBranch(db, params.branch);
      return { body: await readLoyalCustomers(db, branchId, query.limit) };
    },
  );
}

export async function readLoyalCustomers(db: Queryable, branchId: string, limit: number) {
  const rows = await db.query<Row>({
    name: 'branch-loyal-customers',
    text: `SELECT customer_id AS "userId", purchases_count AS purchases, total_spent AS "totalSpent",
                      last_purchase_at AS "lastPurchaseAt"
                 FROM customer_loyalty WHERE branch_id = $1
                ORDER BY purchases_count DESC, total_spent DESC, customer_id LIMIT $2`,
    values: [branchId, limit],
  });
  return rows.map((row) => ({
    ...row,
    totalSpent: Number(row.totalSpent),
    lastPurchaseAt: row.lastPurchaseAt.toISOString(),
  }));
}
