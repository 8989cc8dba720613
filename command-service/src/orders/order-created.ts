import { amountOf } from '@tallyline/contracts/money';
import type { DomainEvent } from '../outbox/emit.js';
import type { NewOrder } from './orders.sql.js';

export function orderCreated(
  { id, customerId, lines, totalCents, placedAt }: NewOrder,
  traceparent: string,
): DomainEvent {
  const facts = {
    orderId: id,
    customerId,
    total: amountOf(totalCents),
    items: lines.map(({ productId, category, quantity, priceCents }) => ({
      productId,
      category,
      quantity,
      price: amountOf(priceCents),
    })),
  };
  return { type: 'OrderCreated', facts, traceparent, occurredAt: placedAt };
}
