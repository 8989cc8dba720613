import { inMilliseconds } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Purchases, spend and last visit per branch and customer: sums and a maximum, so events may come in any order. */
interface Delta {
  readonly branchId: string;
  readonly userId: string;
  purchases: number;
  spentCents: bigint;
  lastPurchaseAt: string;
}

type Key = readonly [branchId: string, userId: string];

const customerLoyalty: View<Delta, Key> = {
  table: 'customer_loyalty',
  zero: ([branchId, userId]) => ({ branchId, userId, purchases: 0, spentCents: 0n, lastPurchaseAt: '' }),
  upsert: (deltas) => ({
    name: 'upsert-customer-loyalty',
    sql: `
        INSERT INTO customer_loyalty AS v (branch_id, customer_id, purchases_count, total_spent, last_purchase_at)
        SELECT branch, customer, purchases, cents * 0.01, last_at
          FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[])
            AS d (branch, customer, purchases, cents, last_at)
        ON CONFLICT (branch_id, customer_id) DO UPDATE SET
          purchases_count = v.purchases_count + EXCLUDED.purchases_count,
          total_spent = v.total_spent + EXCLUDED.total_spent,
          last_purchase_at = GREATEST(v.last_purchase_at, EXCLUDED.last_purchase_at)`,
    values: [
      deltas.map((d) => d.branchId),
      deltas.map((d) => d.userId),
      deltas.map((d) => d.purchases),
      deltas.map((d) => d.spentCents),
      deltas.map((d) => d.lastPurchaseAt),
    ],
  }),
};

export const customerLoyaltyOfPurchaseCreated = projection(
  'PurchaseCreated',
  customerLoyalty,
  ({ branchId, userId, total, occurredAt }, deltaOf) => {
    const delta = deltaOf([branchId, userId.toLowerCase()]);
    delta.purchases += 1;
    delta.spentCents += BigInt(exactCents(total));
    const at = inMilliseconds(occurredAt);
    if (at > delta.lastPurchaseAt) delta.lastPurchaseAt = at;
  },
);
