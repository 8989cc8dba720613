import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Units and revenue per branch, day of its own and product: sums, so events may come in any order. */
interface Delta {
  readonly day: string;
  readonly branchId: string;
  readonly productId: number;
  quantity: number;
  revenueCents: bigint;
}

type Key = readonly [day: string, branchId: string, productId: number];

const productSalesDaily: View<Delta, Key> = {
  table: 'product_sales_daily',
  zero: ([day, branchId, productId]) => ({ day, branchId, productId, quantity: 0, revenueCents: 0n }),
  upsert: (deltas) => ({
    name: 'upsert-product-sales-daily',
    sql: `
        INSERT INTO product_sales_daily AS v (day, branch_id, product_id, qty_sum, revenue_sum)
        SELECT day, branch, product, quantity, cents * 0.01
          FROM unnest($1::date[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS d (day, branch, product, quantity, cents)
        ON CONFLICT (branch_id, day, product_id) DO UPDATE SET
          qty_sum = v.qty_sum + EXCLUDED.qty_sum,
          revenue_sum = v.revenue_sum + EXCLUDED.revenue_sum`,
    values: [
      deltas.map((d) => d.day),
      deltas.map((d) => d.branchId),
      deltas.map((d) => d.productId),
      deltas.map((d) => d.quantity),
      deltas.map((d) => d.revenueCents),
    ],
  }),
};

export const productSalesDailyOfPurchaseCreated = projection(
  'PurchaseCreated',
  productSalesDaily,
  ({ day, branchId, items }, deltaOf) => {
    for (const { productId, quantity, price } of items) {
      const delta = deltaOf([day, branchId, productId]);
      delta.quantity += quantity;
      delta.revenueCents += BigInt(exactCents(price) * quantity);
    }
  },
);
