import type { z } from 'zod';
import { orderCreated } from './events/order-created.js';
import { productCreated } from './events/product-created.js';
import { purchaseCreated } from './events/purchase-created.js';

/** Every event by its type, with its schema and its topic, which is the routing key in AMQP. */
export const events = {
  ProductCreated: { schema: productCreated, topic: 'product.created' },
  OrderCreated: { schema: orderCreated, topic: 'order.created' },
  PurchaseCreated: { schema: purchaseCreated, topic: 'purchase.created' },
} as const;

export type EventType = keyof typeof events;
export type EventOf<T extends EventType> = z.infer<(typeof events)[T]['schema']>;
export type AnyEvent = { [T in EventType]: EventOf<T> }[EventType];

export type ProductCreated = EventOf<'ProductCreated'>;
export type OrderCreated = EventOf<'OrderCreated'>;
export type PurchaseCreated = EventOf<'PurchaseCreated'>;

export function isEventType(value: unknown): value is EventType {
  return typeof value === 'string' && Object.hasOwn(events, value);
}
