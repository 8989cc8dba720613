import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/** Revenue, items and purchases per branch and day, in the branch's time zone. */
export const dailySalesByBranch = view({
  table: 'daily_sales_by_branch',
  revision: 1,
  key: { day: 'date', branch_id: 'text' },
  columns: { revenue_sum: adds('money'), items_sum: adds('bigint'), purchases_count: adds('bigint') },
  folds: {
    PurchaseCreated: ({ day, branchId, total, items }) => [
      {
        day,
        branch_id: branchId,
        revenue_sum: exactCents(total),
        items_sum: items.reduce((sum, { quantity }) => sum + quantity, 0),
        purchases_count: 1,
      },
    ],
  },
});
