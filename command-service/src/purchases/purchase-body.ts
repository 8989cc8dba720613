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
  .meta({ description: 'Each product once at most' });

/** A purchase as a till sends it, in camel case or in snake case. */
export const purchaseBody = z.preprocess(
  camelCaseKeys,
  z.strictObject({
    branchId: tillId,
    cashierId: tillId,
    posId: tillId,
    receiptId: tillId,
    idempotencyKey: optional(idempotencyKey).meta({
      description:
        'Required here or as the header Idempotency-Key. The same key with the same purchase gets its first answer',
    }),
    userId: optional(z.uuid({ version: 'v4', error: 'must be a UUID of version 4' }).toLowerCase()),
    items,
  }),
);

export type PurchaseBody = z.output<typeof purchaseBody>;

/**
 * `branch_id` becomes `branchId`, unless both are there: then the second stays, and is refused as unknown. Only between
 * letters does `_` begin a word: `__proto__` is refused by its own name.
 */
function camelCaseKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const renamed = Object.entries(value).map(([key, inner]) => {
    const camel = key.replace(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [camel in value ? key : camel, inner];
  });
  return Object.fromEntries(renamed);
}
