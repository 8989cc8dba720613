import { id, MAX_ORDER_LINES, optional, sentPrice, tillId } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { idempotencyKey } from '../idempotency/idempotency-key.js';

const item = z.strictObject({
  productId: id,
  qty: z.literal(1, 'must be 1: a purchase has at most one unit of a product'),
  unitPrice: sentPrice,
});

const items = z
  .array(z.preprocess(camelCaseKeys, item))
  .min(1)
  .max(MAX_ORDER_LINES)
  .check(({ value, issues }) => {
    const seen = new Set<number>();
    value.forEach(({ productId }, index) => {
      if (seen.has(productId)) {
        const message = `is product ${productId} again: a purchase has at most one unit of a product`;
        issues.push({ code: 'custom', message, path: [index, 'productId'], input: value });
      }
      seen.add(productId);
    });
  })
  .meta({ description: 'Each product at most once' });

/** The body of a purchase. Tills send it in camel case or in snake case. */
export const purchaseBody = z.preprocess(
  camelCaseKeys,
  z.strictObject({
    branchId: tillId,
    cashierId: tillId,
    posId: tillId,
    receiptId: tillId,
    idempotencyKey: optional(idempotencyKey).meta({
      description:
        'Required here or as the header Idempotency-Key. The same purchase with the same key gets the first answer again',
    }),
    userId: optional(z.uuid({ version: 'v4', error: 'must be a UUID of version 4' }).toLowerCase()),
    items,
  }),
);

export type PurchaseBody = z.output<typeof purchaseBody>;

/**
 * Renames `branch_id` to `branchId`, unless there are both: then `branch_id` stays, and is refused as an unknown field. It
 * only replaces `_` between lower-case letters, so that `__proto__` is refused under the name that was sent.
 */
function camelCaseKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const renamed = Object.entries(value).map(([key, inner]) => {
    const camel = key.replace(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [camel in value ? key : camel, inner];
  });
  return Object.fromEntries(renamed);
}
