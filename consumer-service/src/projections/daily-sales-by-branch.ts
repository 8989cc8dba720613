import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Revenue, items and purchases per branch and day of its own: sums, so events may come in any order. */
interface Delta {
  readonly day: string;
  readonly branchId: string;
  revenueCents: bigint;
  items: number;
  purchases: number;
}

type Key = readonly [day: string, branchId: string];

const dailySalesByBranch: View<Delta, Key> = {
  table: 'daily_sales_by_branch',
  zero: ([day, branchId]) => ({ day, branchId, revenueCents: 0n, items: 0, purchases: 0 }),
  upsert: (deltas) => ({
    name: 'upsert-daily-sales-by-branch',
    sql: `
        INSERT INTO daily_sales_by_branch AS v (day, branch_id, revenue_sum, items_sum, purchases_count)
        SELECT day, branch, cents * 0.01, items, purchases
          FROM unnest($1::date[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS d (day, branch, cents, items, purchases)
        ON CONFLICT (branch_id, day) DO UPDATE SET
          revenue_sum = v.revenue_sum + EXCLUDED.revenue_sum,
          items_sum = v.items_sum + EXCLUDED.items_sum,
          purchases_count = v.purchases_count + EXCLUDED.purchases_count`,
    values: [
      deltas.map((d) => d.day),
      deltas.map((d) => d.branchId),
      deltas.map((d) => d.revenueCents),
      deltas.map((d) => d.items),
      deltas.map((d) => d.purchases),
    ],
  }),
};

export const dailySalesByBranchOfPurchaseCreated = projection(
  'PurchaseCreated',
  dailySalesByBranch,
  ({ day, branchId, total, items }, deltaOf) => {
    const delta = deltaOf([day, branchId]);
    delta.revenueCents += BigInt(exactCents(total));
    for (const { quantity } of items) delta.items += quantity;
    delta.purchases += 1;
  },
);
