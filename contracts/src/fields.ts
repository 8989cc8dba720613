import { z } from 'zod';
import { amountOf, centsOf, MAX_PRICE_CENTS } from './money.js';
import { plainText } from './plain-text.js';

/** An id from a BIGINT column, up to 2^53 - 1, because larger JSON numbers are not exact. */
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const MAX_QUANTITY = 10_000;
export const MAX_ORDER_LINES = 100;
const MAX_STOCK = 2_147_483_647;

export const quantity = z.int().min(1).max(MAX_QUANTITY);
export const stock = z.int().min(0).max(MAX_STOCK);

const twoDecimals = (amount: number) => centsOf(amount) !== undefined;

/** A sum of prices as a JSON number. */
export const amount = z.number().min(0).refine(twoDecimals, 'must have at most two decimals');

/** A unit price as a JSON number. */
export const price = amount.max(amountOf(MAX_PRICE_CENTS)).meta({ description: 'At most two decimals' });

/**
 * A unit price in a request. The documentation of a request says what is refused, hence `multipleOf`. Answers and
 * events do not have it, because a validator that divides doubles would refuse 19.99.
 */
export const sentPrice = price.meta({ description: 'At most two decimals', multipleOf: 0.01 });

/** Control characters and halves of surrogate pairs, which UTF-8 cannot encode. */
const UNSTORABLE = '\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff';
/** Invisible characters. They are only in the documentation, because `plainText` removes them. */
const INVISIBLE =
  '\\s\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\uffa0\\ufff0-\\ufff8';
/** The rules of `text` as a pattern for the documentation. */
const documentedPattern = `^[^${UNSTORABLE}]*[^${UNSTORABLE}${INVISIBLE}][^${UNSTORABLE}]*$`;

/**
 * Text that Postgres can store and a person can read, in one spelling: otherwise " Books" and "Books" would be two
 * categories. `maxLength` counts Unicode characters, as JSON Schema and Postgres do.
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
/** The id of a branch, till, cashier or receipt, as the shop assigns it. */
export const tillId = text(64);

/** A field that may be missing. Null is treated as missing, because many serialisers write it. */
export function optional<S extends z.ZodType>(schema: S) {
  return schema
    .nullish()
    .transform((value) => value ?? undefined)
    .optional();
}

/** RFC 3339 in UTC, `2026-11-20T08:17:46.438Z`. Foreign publishers may send more or fewer digits of a second. */
export const instant = z.iso.datetime();

/** Rewrites an instant with exactly three digits of a second, so that such texts sort by time. */
export function inMilliseconds(utc: z.infer<typeof instant>): string {
  return utc.length === '2026-11-20T08:17:46.438Z'.length ? utc : new Date(utc).toISOString();
}

/** A calendar day, `2026-11-20`. */
export const day = z.iso.date();
