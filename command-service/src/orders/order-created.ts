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
    placedAt: placedAt.toISOString(),
    total: amountOf(totalCents),
    items: lines.map(({ productId, category, quantity, priceCents }, index) => ({
      line: index + 1,
      productId,
      category,
      quantity,
      price: amountOf(priceCents),
    })),
  };
  return { type: 'OrderCreated', facts, traceparent };
}
