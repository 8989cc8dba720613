import { id } from '@tallyline/contracts/fields';
import { z } from 'zod';

/** Parameters arrive as text; these are their forms and limits. */

export const pathId = z
  .string()
  .regex(/^\d{1,16}$/, 'must be a positive integer of 16 digits at most')
  .transform(Number)
  .pipe(id);

/** The years that a chain of shops can mean: beyond them calendars disagree, and RFC 3339 has no year -1 to answer with. */
const FIRST_INSTANT = new Date('1970-01-01');
const END_OF_INSTANTS = new Date('3000-01-01');
const YEARS = 'between 1970 and 2999';

/** RFC 3339 instant, with any offset, or a date (its UTC midnight). */
export const instantParameter = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'must be an RFC 3339 date or date-time' })
  .transform((text) => new Date(text))
  .refine((at) => at >= FIRST_INSTANT && at < END_OF_INSTANTS, `must be ${YEARS}`)
  .meta({ description: `An instant ${YEARS} with any offset, or a date, which is its UTC midnight` });

/** A calendar day, `2026-11-20`. */
export const dayParameter = z.iso
  .date('must be a day such as 2026-11-20')
  .refine((day) => day >= '1970-01-01' && day <= '2999-12-31', `must be ${YEARS}`)
  .meta({ description: `A day ${YEARS}` });

const MAX_PAGE_SIZE = 200;

export const page = { limit: countParameter(50) };

/** How many rows or days, from 1 to `max`. */
export function countParameter(defaultCount: number, max = MAX_PAGE_SIZE) {
  return z
    .string()
    .regex(/^\d{1,3}$/, `must be an integer from 1 to ${max}`)
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(defaultCount)
    .meta({ description: `From 1 to ${max}, ${defaultCount} when left out` });
}
