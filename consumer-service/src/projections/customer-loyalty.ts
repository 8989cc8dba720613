import { inMilliseconds } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { adds, greatest } from './merge-rules.js';
import { view } from './view.js';

/** Purchases, spend and last visit per branch and customer. */
export const customerLoyalty = view({
  table: 'customer_loyalty',
  revision: 1,
  key: { branch_id: 'text', customer_id: 'uuid' },
  columns: {
    purchases_count: adds('bigint'),
    total_spent: adds('money'),
    last_purchase_at: greatest('timestamptz'),
  },
  folds: {
    PurchaseCreated: ({ branchId, userId, total, occurredAt }) => [
      {
        branch_id: branchId,
        customer_id: userId.toLowerCase(),
        purchases_count: 1,
        total_spent: exactCents(total),
        last_purchase_at: inMilliseconds(occurredAt),
      },
    ],
  },
});
