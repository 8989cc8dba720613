import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/** Units and revenue per product, branch and day, in the branch's time zone. */
export const productSalesDaily = view({
  table: 'product_sales_daily',
  revision: 1,
  key: { day: 'date', branch_id: 'text', product_id: 'bigint' },
  columns: { qty_sum: adds('bigint'), revenue_sum: adds('money') },
  folds: {
    PurchaseCreated: ({ day, branchId, items }) =>
      items.map(({ productId, quantity, price }) => ({
        day,
        branch_id: branchId,
        product_id: productId,
        qty_sum: quantity,
        revenue_sum: exactCents(price) * quantity,
      })),
  },
});
