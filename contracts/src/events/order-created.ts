import { z } from 'zod';
import { earlierVersion } from '../event-versions.js';
import { amount, category, id, instant, price, quantity } from '../fields.js';
import { envelope, versioned } from './envelope.js';

/** Version 1, which releases up to 0.2 write. Its `occurredAt` is the time at which the order was placed. */
const version1 = z.object({
  ...envelope,
  eventType: z.literal('OrderCreated'),
  orderId: id,
  customerId: id,
  total: amount,
  items: z.array(z.object({ productId: id, category, quantity, price })).min(1),
});

/** Version 2 has the number of each line, and the time of the order beside the time of the event. */
export const orderCreated = z.object({
  ...versioned(2),
  eventType: z.literal('OrderCreated'),
  orderId: id,
  customerId: id,
  /** The time at which the order was placed. An imported order was placed long before its event. */
  placedAt: instant,
  total: amount,
  items: z
    .array(
      z.object({
        /** The number of the line in its order, from 1 on. */
        line: z.int().min(1),
        productId: id,
        category,
        quantity,
        price,
      }),
    )
    .min(1),
});

export const earlierOrderCreated = [
  earlierVersion(1, version1, orderCreated, {
    upcast: ({ eventId, eventType, occurredAt, orderId, customerId, total, items }) => ({
      eventId,
      version: 2 as const,
      occurredAt,
      eventType,
      orderId,
      customerId,
      placedAt: occurredAt,
      total,
      items: items.map((item, index) => ({ line: index + 1, ...item })),
    }),
    // The keys have the order in which earlier releases wrote them.
    downcast: ({ eventId, eventType, orderId, customerId, placedAt, total, items }) => ({
      eventId,
      eventType,
      occurredAt: placedAt,
      orderId,
      customerId,
      total,
      items: items.map(({ productId, category, quantity, price }) => ({ productId, category, quantity, price })),
    }),
  }),
];
