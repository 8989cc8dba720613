import { z } from 'zod';

/** The forms and limits of parameters, which arrive as text. The documentation is generated from these schemas. */

const numberIn = (text: unknown) => (typeof text === 'string' && /^\d{1,30}$/.test(text) ? Number(text) : text);

/** An id in a path or as a parameter. */
export const idParameter = z
  .preprocess(numberIn, z.int('must be a positive integer of 16 digits at most').min(1).max(Number.MAX_SAFE_INTEGER))
  // Without this the document would call the id optional: a preprocessed schema also accepts undefined as input.
  .meta({ param: { required: true } });

/** Other years are typing errors: calendars disagree about some, and RFC 3339 cannot express others. */
const YEARS = 'between 1970 and 2999';
const DAY = '(?:19[789]\\d|2\\d\\d\\d)-\\d\\d-\\d\\d';

const isInYears = (text: string) => new RegExp(`^${DAY}`).test(text);

/** A calendar day, `2026-11-20`. */
export const dayParameter = z.iso
  .date('must be a day such as 2026-11-20')
  .refine(isInYears, `must be ${YEARS}`)
  .meta({ description: `A day ${YEARS}`, pattern: `^${DAY}$` });

const dateTime = z.iso.datetime({ offset: true }).meta({ pattern: `^${DAY}T` });
const date = z.iso.date().meta({ pattern: `^${DAY}$` });

const NO_INSTANT = 'must be an RFC 3339 date or date-time';

/** An RFC 3339 instant with any offset, or a date, which means its UTC midnight. */
export const instantParameter = z
  .union([dateTime, date], {
    error: ({ input }) => (hasLostPlus(input) ? `${NO_INSTANT}, with the + of its offset sent as %2B` : NO_INSTANT),
  })
  .refine(isInYears, `must be ${YEARS}`)
  .transform((text) => new Date(text))
  .meta({ description: `An instant ${YEARS} with any offset, or a date, which is its UTC midnight` });

/** A plus sign that is not encoded arrives as a space (WHATWG URL, application/x-www-form-urlencoded). */
function hasLostPlus(text: unknown): boolean {
  return typeof text === 'string' && /T.* \d\d:?\d\d$/i.test(text);
}

const MAX_PAGE_SIZE = 200;

export const page = { limit: countParameter(50) };

/** A number of rows or days, from 1 to `max`. */
export function countParameter(defaultCount: number, max = MAX_PAGE_SIZE) {
  return z
    .preprocess(numberIn, z.int(`must be an integer from 1 to ${max}`).min(1).max(max))
    .default(defaultCount)
    .meta({ description: `From 1 to ${max}, ${defaultCount} when left out` });
}
