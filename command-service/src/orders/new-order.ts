import { amountOf } from '@tallyline/contracts/money';
import type { EventTime } from '../outbox/event-time.sql.js';
import { outboxRow } from '../outbox/outbox-row.js';
import type { AcceptedLine } from './decide-order.js';
import type { NewOrder } from './orders.sql.js';

interface Accepted {
  readonly id: number;
  readonly customerId: number;
  readonly lines: readonly AcceptedLine[];
  readonly totalCents: number;
}

interface Origin {
  /** The database's clock: when the event is committed. */
  readonly now: EventTime;
  /** When the customer ordered; long ago for an imported order. */
  readonly placedAt: Date;
  readonly traceparent: string;
  readonly retryAt: Date | undefined;
}

/** What is written of an accepted order: its rows, and the event that tells of it. */
export function newOrder(
  { id, customerId, lines, totalCents }: Accepted,
  { now, placedAt, traceparent, retryAt }: Origin,
): NewOrder {
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
  const event = outboxRow('OrderCreated', facts, now, traceparent, { occurredAt: placedAt, retryAt });
  return { id, customerId, totalCents, lines, event, placedAt };
}
