import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { amountOf, centsOf, exactCents } from './money.js';

test('every amount of whole cents is the same after conversion to JSON and back', () => {
  const cents = fc.integer({ min: 0, max: 2 ** 51 });
  fc.assert(fc.property(cents, (value) => centsOf(JSON.parse(JSON.stringify(amountOf(value)))) === value));
});

test('returns undefined for amounts with more than two decimals or beyond the exact range', () => {
  for (const amount of [0.001, 49.999, 1e-7, 3e13, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect([amount, centsOf(amount)]).toEqual([amount, undefined]);
  }
  expect(() => exactCents(0.005)).toThrow(RangeError);
});

test('returns exact cents for amounts that binary fractions cannot hold', () => {
  expect([0.1, 0.07, 1.15, 4.35, 8.2, 1_000_000.01].map(centsOf)).toEqual([10, 7, 115, 435, 820, 100_000_001]);
});
