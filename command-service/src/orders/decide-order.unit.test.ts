import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LockedProduct } from '../products/products.sql.js';
import { decideOrder, type OrderLine } from './decide-order.js';

const catalogue = (stock = 10) =>
  new Map<number, LockedProduct>([
    [1, { category: 'Books', priceCents: 1_999, stock }],
    [2, { category: 'Games', priceCents: 5, stock }],
  ]);
const line = (productId: number, quantity: number, priceCents?: number): OrderLine => ({
  productId,
  quantity,
  priceCents,
});

describe('decideOrder', () => {
  test('accepts an order at the catalogue price and takes its units from the stock', () => {
    const products = catalogue();
    expect(decideOrder([line(1, 2), line(2, 3, 5)], products)).toEqual({
      kind: 'accepted',
      totalCents: 2 * 1_999 + 3 * 5,
      lines: [
        { productId: 1, category: 'Books', quantity: 2, priceCents: 1_999 },
        { productId: 2, category: 'Games', quantity: 3, priceCents: 5 },
      ],
    });
    expect([products.get(1)?.stock, products.get(2)?.stock]).toEqual([8, 7]);
  });

  test('refuses an order for an unknown product before it checks price and stock', () => {
    const products = catalogue(0);
    const decision = decideOrder([line(1, 99, 1), line(7, 1)], products);
    expect(decision).toEqual({ kind: 'unknown-product', faults: [{ line: 1, productId: 7 }] });
  });

  test('refuses an order and names the current price when the customer saw another price', () => {
    expect(decideOrder([line(1, 1, 2_000)], catalogue())).toEqual({
      kind: 'price-differs',
      faults: [{ line: 0, productId: 1, currentPriceCents: 1_999 }],
    });
  });

  test('refuses an order when its lines of one product together exceed the stock', () => {
    const products = catalogue(10);
    const decision = decideOrder([line(1, 6), line(1, 6)], products);
    expect(decision).toMatchObject({
      kind: 'insufficient-stock',
      faults: [
        { line: 0, left: 10 },
        { line: 1, left: 10 },
      ],
    });
    expect(products.get(1)?.stock).toBe(10);
  });
});

test('in any group of orders, units sold and units left add up to the stock, which is never negative', () => {
  const lines = fc.array(fc.record({ productId: fc.constantFrom(1, 2), quantity: fc.integer({ min: 1, max: 8 }) }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 12 }), (orders) => {
      const products = catalogue(15);
      let sold = 0;
      for (const order of orders) {
        const decision = decideOrder(
          order.map(({ productId, quantity }) => line(productId, quantity)),
          products,
        );
        if (decision.kind === 'accepted') sold += decision.lines.reduce((sum, { quantity }) => sum + quantity, 0);
      }
      const left = [...products.values()].map(({ stock }) => stock);
      expect(Math.min(...left)).toBeGreaterThanOrEqual(0);
      expect(sold + left.reduce((a, b) => a + b, 0)).toBe(30);
    }),
  );
});
