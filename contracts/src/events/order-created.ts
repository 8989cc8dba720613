import { z } from 'zod';
import { amount, category, id, price, quantity } from '../fields.js';
import { envelope } from './envelope.js';

export const orderCreated = z.object({
  ...envelope,
  eventType: z.literal('OrderCreated'),
  orderId: id,
  customerId: id,
  total: amount,
  items: z.array(z.object({ productId: id, category, quantity, price })).min(1),
});
