import type { z } from 'zod';
import type { EventDeclaration } from './event-versions.js';
import { earlierOrderCreated, orderCreated } from './events/order-created.js';
import { productCreated } from './events/product-created.js';
import { purchaseCreated } from './events/purchase-created.js';

/** Every event by its type. */
export const events = {
  ProductCreated: { schema: productCreated, topic: 'product.created', earlier: [], writtenVersion: 1 },
  OrderCreated: { schema: orderCreated, topic: 'order.created', earlier: earlierOrderCreated, writtenVersion: 1 },
  PurchaseCreated: { schema: purchaseCreated, topic: 'purchase.created', earlier: [], writtenVersion: 1 },
} as const satisfies Readonly<Record<string, EventDeclaration>>;

export type EventType = keyof typeof events;
/** An event of the newest version of its type. */
export type EventOf<T extends EventType> = z.infer<(typeof events)[T]['schema']>;
export type AnyEvent = { [T in EventType]: EventOf<T> }[EventType];

export type ProductCreated = EventOf<'ProductCreated'>;
export type OrderCreated = EventOf<'OrderCreated'>;
export type PurchaseCreated = EventOf<'PurchaseCreated'>;

export function isEventType(value: unknown): value is EventType {
  return typeof value === 'string' && Object.hasOwn(events, value);
}
