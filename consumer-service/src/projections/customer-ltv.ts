import { inMilliseconds } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { adds, greatest } from './merge-rules.js';
import { view } from './view.js';

/** Spend, orders and last order per customer. */
export const customerLtv = view({
  table: 'customer_ltv_view',
  revision: 1,
  key: { customer_id: 'bigint' },
  columns: {
    total_spent: adds('money'),
    order_count: adds('bigint'),
    last_order_date: greatest('timestamptz'),
  },
  folds: {
    OrderCreated: ({ customerId, total, placedAt }) => [
      {
        customer_id: customerId,
        total_spent: exactCents(total),
        order_count: 1,
        last_order_date: inMilliseconds(placedAt),
      },
    ],
  },
});
