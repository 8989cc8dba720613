import { z } from 'zod';
import { category, id, price, productName, stock } from '../fields.js';
import { envelope } from './envelope.js';

export const productCreated = z.object({
  ...envelope,
  eventType: z.literal('ProductCreated'),
  productId: id,
  name: productName,
  category,
  price,
  stock,
});
