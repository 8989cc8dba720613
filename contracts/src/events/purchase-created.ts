import { z } from 'zod';
import { amount, day, id, price, quantity, tillId } from '../fields.js';
import { envelope } from './envelope.js';

/**
 * A purchase at a till. `day` is the branch's calendar day, computed once when the purchase is recorded, so that
 * readers and later rebuilds need no time zone rules.
 */
export const purchaseCreated = z.object({
  ...envelope,
  eventType: z.literal('PurchaseCreated'),
  purchaseId: id,
  branchId: tillId,
  day,
  cashierId: tillId,
  posId: tillId,
  receiptId: tillId,
  userId: z.guid(),
  total: amount,
  items: z.array(z.object({ productId: id, quantity, price })).min(1),
});
