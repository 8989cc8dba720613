import { z } from 'zod';
import { amount, category, id, instant, price, productName, quantity, stock } from './fields.js';

/**
 * Every event that crosses a service boundary, declared once. The body is flat JSON; readers ignore fields that they
 * do not know; a body whose `version` is not 1 is not for this code and is set aside. A missing version means 1.
 */
const envelope = {
  /** UUIDv7, also the AMQP messageId. A foreign publisher may leave it out. */
  eventId: z.uuid().optional(),
  version: z.literal(1).optional(),
  /** When it was written, by the write database's clock. */
  occurredAt: instant,
};

export const productCreated = z.object({
  ...envelope,
  eventType: z.literal('ProductCreated'),
  productId: id,
  name: productName,
  category,
  price,
  stock,
});

export const orderCreated = z.object({
  ...envelope,
  eventType: z.literal('OrderCreated'),
  orderId: id,
  customerId: id,
  total: amount,
  items: z.array(z.object({ productId: id, category, quantity, price })).min(1),
});

/** The one table of events: type, schema, and the topic (outbox `topic` = AMQP routing key) it travels under. */
export const events = {
  ProductCreated: { schema: productCreated, topic: 'product.created' },
  OrderCreated: { schema: orderCreated, topic: 'order.created' },
} as const;

export type EventType = keyof typeof events;
export type EventOf<T extends EventType> = z.infer<(typeof events)[T]['schema']>;
export type AnyEvent = { [T in EventType]: EventOf<T> }[EventType];

export type ProductCreated = EventOf<'ProductCreated'>;
export type OrderCreated = EventOf<'OrderCreated'>;

export function isEventType(value: unknown): value is EventType {
  return typeof value === 'string' && Object.hasOwn(events, value);
}
