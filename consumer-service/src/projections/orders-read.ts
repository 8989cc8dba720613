import { exactCents } from '@tallyline/contracts/money';
import { first } from './merge-rules.js';
import { view } from './view.js';

/** Orders as they were placed: one row per order, which its one OrderCreated writes. */
export const ordersRead = view({
  table: 'orders_read',
  revision: 1,
  key: { order_id: 'bigint' },
  columns: {
    customer_id: first('bigint'),
    total: first('money'),
    items: first('jsonb'),
    placed_at: first('timestamptz'),
  },
  folds: {
    OrderCreated: ({ orderId, customerId, total, items, occurredAt }) => [
      {
        order_id: orderId,
        customer_id: customerId,
        total: exactCents(total),
        items: JSON.stringify(items),
        placed_at: occurredAt,
      },
    ],
  },
});
