import type { EventOf } from '@tallyline/contracts/events';
import { exactCents } from '@tallyline/contracts/money';
import { first } from './merge-rules.js';
import { view } from './view.js';

type Line = EventOf<'OrderCreated'>['items'][number];

/** The fields of a line that queries answer with. */
function shown({ productId, category, quantity, price }: Line) {
  return { productId, category, quantity, price };
}

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
    OrderCreated: ({ orderId, customerId, total, items, placedAt }) => [
      {
        order_id: orderId,
        customer_id: customerId,
        total: exactCents(total),
        items: JSON.stringify(items.map(shown)),
        placed_at: placedAt,
      },
    ],
  },
});
