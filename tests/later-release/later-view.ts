import { randomUUID } from 'node:crypto';
import { type DecodedEvent, decode } from '../../consumer-service/src/inbox/decode.js';
import { views } from '../../consumer-service/src/projections/index.js';
import { adds } from '../../consumer-service/src/projections/merge-rules.js';
import { type View, view } from '../../consumer-service/src/projections/view.js';

/** A view that only a later release has. It counts the orders of each customer, as customer_ltv_view does. */
export const laterView = view({
  table: 'customer_orders_view',
  revision: 1,
  key: { customer_id: 'bigint' },
  columns: { order_count: adds('bigint') },
  folds: { OrderCreated: ({ customerId }) => [{ customer_id: customerId, order_count: 1 }] },
});

export const LATER_TABLE =
  'CREATE TABLE IF NOT EXISTS customer_orders_view (customer_id BIGINT PRIMARY KEY, order_count BIGINT NOT NULL)';

/** The views of the later release, in the order in which its consumers write them. */
export const laterViews: readonly View[] = [...views, laterView].sort((a, b) => (a.table < b.table ? -1 : 1));

export function orderOf(customerId: number): DecodedEvent {
  const body = {
    eventType: 'OrderCreated',
    occurredAt: new Date().toISOString(),
    orderId: 1 + Math.floor(Math.random() * 1e12),
    customerId,
    total: 4.5,
    items: [{ productId: 1, category: 'Kitchen', quantity: 1, price: 4.5 }],
  };
  const raw = { queue: 'order-events', body: Buffer.from(JSON.stringify(body)), messageId: randomUUID() };
  const decoded = decode({ ...raw, appId: 'test', traceparent: undefined });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}
