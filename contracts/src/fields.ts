import { z } from 'zod';
import { amountOf, centsOf, MAX_PRICE_CENTS } from './money.js';

/** An id from a BIGINT column. Above 2^53 - 1 JSON numbers are no longer exact, so that is where the range ends. */
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const MAX_QUANTITY = 10_000;
export const MAX_ORDER_LINES = 100;
const MAX_STOCK = 2_147_483_647;

export const quantity = z.int().min(1).max(MAX_QUANTITY);
export const stock = z.int().min(0).max(MAX_STOCK);

const twoDecimals = (amount: number) => centsOf(amount) !== undefined;

/** A unit price on the wire. */
export const price = z
  .number()
  .min(0)
  .max(amountOf(MAX_PRICE_CENTS))
  .refine(twoDecimals, 'must have at most two decimals')
  .meta({ description: 'At most two decimals' });

/** A sum of prices on the wire. */
export const amount = z.number().min(0).refine(twoDecimals, 'must have at most two decimals');

/**
 * Text that Postgres can store and a person can read: NUL is no text in Postgres, and a lone surrogate has no UTF-8.
 * Surrounding white space is not part of a name: " Books" and "Books" would be two categories. What shows nothing at
 * all, such as zero-width spaces, is no name.
 */
export function text(maxLength: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be blank')
    .max(maxLength)
    .refine((value) => value.isWellFormed(), 'must not contain half of a surrogate pair')
    .refine((value) => /[^\p{C}\p{Z}]/u.test(value), 'must not be blank')
    .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters');
}

export const productName = text(200);
export const category = text(100);
/** How a shop names its branches, and a branch its tills, cashiers and receipts. */
export const tillId = text(64);

/** RFC 3339 in UTC, `2026-11-20T08:17:46.438Z`; of foreign publishers with more digits, or fewer. */
export const instant = z.iso.datetime();

/** An instant with exactly three digits of a second: of two such texts the greater one is later. */
export function inMilliseconds(utc: z.infer<typeof instant>): string {
  return utc.length === '2026-11-20T08:17:46.438Z'.length ? utc : new Date(utc).toISOString();
}

/** A calendar day, `2026-11-20`. */
export const day = z.iso.date();
