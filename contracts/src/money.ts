/**
 * Money is integer cents in the code, NUMERIC in Postgres and a JSON number with at most two decimals in messages. Only
 * these functions convert between cents and floating-point numbers. They are exact below 2^51 cents: the amount and its
 * product with 100 each have a rounding error of at most 2^-53 of their value, together less than half a cent.
 */
const MAX_EXACT_CENTS = 2 ** 51;

/** The largest unit price. An order of 100 lines with 10,000 units each is 1.0e15 cents, below 2^51 (2.2e15). */
export const MAX_PRICE_CENTS = 1_000_000_000;

/** The cents of an amount, or undefined when it has more than two decimals or exceeds the exact range. */
export function centsOf(amount: number): number | undefined {
  const cents = Math.round(amount * 100);
  return Math.abs(cents) <= MAX_EXACT_CENTS && cents / 100 === amount ? cents : undefined;
}

/** The cents of an amount that a schema has checked. Throws RangeError for any other number. */
export function exactCents(amount: number): number {
  const cents = centsOf(amount);
  if (cents === undefined) throw new RangeError(`${amount} is not an amount with at most two decimals`);
  return cents;
}

/** The amount of some cents. */
export function amountOf(cents: number): number {
  return cents / 100;
}
