import { z } from 'zod';
import { amountOf, centsOf, MAX_PRICE_CENTS } from './money.js';
import { plainText } from './plain-text.js';

/** An id from a BIGINT column. Above 2^53 - 1 JSON numbers are no longer exact, so that is where the range ends. */
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const MAX_QUANTITY = 10_000;
export const MAX_ORDER_LINES = 100;
const MAX_STOCK = 2_147_483_647;

export const quantity = z.int().min(1).max(MAX_QUANTITY);
export const stock = z.int().min(0).max(MAX_STOCK);

const twoDecimals = (amount: number) => centsOf(amount) !== undefined;

/** A sum of prices on the wire. */
export const amount = z.number().min(0).refine(twoDecimals, 'must have at most two decimals');

/** A unit price on the wire. */
export const price = amount.max(amountOf(MAX_PRICE_CENTS)).meta({ description: 'At most two decimals' });

/**
 * The same in a request, whose documentation says what is refused. Answers and events have no `multipleOf`: validators that
 * divide doubles would find a fault with 19.99.
 */
export const sentPrice = price.meta({ description: 'At most two decimals', multipleOf: 0.01 });

/** Control characters, and halves of surrogate pairs, which have no UTF-8. */
const UNSTORABLE = '\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff';
/** What shows nothing. Only for the documentation: `plainText` takes it out. */
const UNSEEN =
  '\\s\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\uffa0\\ufff0-\\ufff8';
/** The rules of `text`, for those who generate or check texts by the documentation. */
const documentedPattern = `^[^${UNSTORABLE}]*[^${UNSTORABLE}${UNSEEN}][^${UNSTORABLE}]*$`;

/**
 * Text that Postgres can store and a person can read, in one spelling: " Books" and "Books", or "Café" composed and
 * decomposed, would be two categories. `maxLength` counts Unicode characters, as JSON Schema and Postgres do.
 */
export function text(maxLength: number) {
  return z
    .string()
    .refine((value) => value.isWellFormed(), 'must not contain half of a surrogate pair')
    .overwrite(plainText)
    .refine((value) => value !== '', 'must not be blank')
    .refine(
      (value) => value.length <= maxLength || [...value].length <= maxLength,
      `must have at most ${maxLength} characters`,
    )
    .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters')
    .meta({ minLength: 1, maxLength, pattern: documentedPattern });
}

export const productName = text(200);
export const category = text(100);
/** How a shop names its branches, and a branch its tills, cashiers and receipts. */
export const tillId = text(64);

/** A field that may be left out. Many serialisers write null there, which says the same. */
export function optional<S extends z.ZodType>(schema: S) {
  return schema
    .nullish()
    .transform((value) => value ?? undefined)
    .optional();
}

/** RFC 3339 in UTC, `2026-11-20T08:17:46.438Z`; of foreign publishers with more digits, or fewer. */
export const instant = z.iso.datetime();

/** An instant with exactly three digits of a second: of two such texts the greater one is later. */
export function inMilliseconds(utc: z.infer<typeof instant>): string {
  return utc.length === '2026-11-20T08:17:46.438Z'.length ? utc : new Date(utc).toISOString();
}

/** A calendar day, `2026-11-20`. */
export const day = z.iso.date();
