import { expect, test } from '@jest/globals';
import type { AnyEvent } from '@tallyline/contracts/events';
import fc from 'fast-check';
import { fold, views } from './index.js';
import { FoldedDeltas } from './projection.js';

const occurredAt = fc
  .integer({ min: Date.UTC(2026, 0), max: Date.UTC(2026, 1) })
  .map((milliseconds) => new Date(milliseconds).toISOString());
const order: fc.Arbitrary<AnyEvent> = fc
  .record({
    orderId: fc.integer({ min: 1, max: 1_000_000 }),
    customerId: fc.integer({ min: 1, max: 4 }),
    occurredAt,
    items: fc.array(
      fc.record({
        productId: fc.integer({ min: 1, max: 5 }),
        category: fc.constantFrom('a', 'b'),
        quantity: fc.integer({ min: 1, max: 9 }),
        price: fc.integer({ min: 0, max: 10_000 }).map((cents) => cents / 100),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ items, ...rest }) => {
    const cents = items.reduce((sum, { quantity, price }) => sum + Math.round(price * 100) * quantity, 0);
    return { eventType: 'OrderCreated', ...rest, items, total: cents / 100 };
  });

function deltasOf(events: readonly AnyEvent[]): string {
  const folded = new FoldedDeltas();
  for (const event of events) fold(event, folded);
  const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return JSON.stringify(
    views.map((view) => [view.table, folded.of(view)]),
    text,
  );
}

test('events commute: in any order they fold into the same deltas', () => {
  const unique = fc.uniqueArray(order, {
    selector: (event) => ('orderId' in event ? event.orderId : 0),
    maxLength: 20,
  });
  fc.assert(fc.property(unique, (events) => expect(deltasOf([...events].reverse())).toBe(deltasOf(events))));
});

test('the views are written in one fixed order, and their rows sorted by key', () => {
  const tables = views.map(({ table }) => table);
  expect(tables).toEqual([...tables].sort());
  fc.assert(
    fc.property(fc.array(order, { maxLength: 20 }), (events) => {
      const folded = new FoldedDeltas();
      for (const event of events) fold(event, folded);
      const sales = views.find(({ table }) => table === 'product_sales_view');
      const ids = (sales ? folded.of(sales) : []).map((delta) => (delta as { productId: number }).productId);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
    }),
  );
});
