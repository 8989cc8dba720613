/**
 * Money is integer cents inside the code, NUMERIC in Postgres and a JSON number with at most two decimals on the wire.
 * These functions are the only places where cents meet a floating-point number. Both ways are exact below 2^51 cents:
 * the amount and its product with 100 are each off by at most 2^-53 of their value, together less than half a cent.
 */
const MAX_EXACT_CENTS = 2 ** 51;

/** Largest unit price, 10,000,000.00: times 10,000 units and 100 lines it is 1.0e15 cents, below 2^51 (2.2e15). */
export const MAX_PRICE_CENTS = 1_000_000_000;

/** The cents of a wire amount, or undefined when it has more than two decimals or is beyond exact range. */
export function centsOf(amount: number): number | undefined {
  const cents = Math.round(amount * 100);
  return Math.abs(cents) <= MAX_EXACT_CENTS && cents / 100 === amount ? cents : undefined;
}

/** The cents of an amount that its schema has already checked. Throws RangeError on anything else. */
export function exactCents(amount: number): number {
  const cents = centsOf(amount);
  if (cents === undefined) throw new RangeError(`${amount} is not an amount with at most two decimals`);
  return cents;
}

/** The wire amount of some cents. */
export function amountOf(cents: number): number {
  return cents / 100;
}
