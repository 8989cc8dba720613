import { expect, test } from '@jest/globals';
import type { AnyEvent } from '@tallyline/contracts/events';
import fc from 'fast-check';
import { fold, views } from './index.js';
import { FoldedDeltas, type View } from './projection.js';

/** Instants as the schema takes them: to the minute, the second, the millisecond and finer. */
const occurredAt = fc
  .record({
    milliseconds: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2026, 1) }),
    length: fc.constantFrom(16, 19, 23),
    finer: fc.constantFrom('', '7', '789'),
  })
  .map(({ milliseconds, length, finer }) => {
    const digits = new Date(milliseconds).toISOString().slice(0, length);
    return `${digits}${length === 23 ? finer : ''}Z`;
  });
// Few products, categories, customers and branches, so that events meet in the rows of the views.
const productId = fc.integer({ min: 1, max: 5 });
const category = fc.constantFrom('a', 'b');
const price = fc.integer({ min: 0, max: 10_000 }).map((cents) => cents / 100);
const quantity = fc.integer({ min: 1, max: 9 });
const day = fc.constantFrom('2026-01-01', '2026-01-02');
const userId = fc.constantFrom('0B6E1F0A-6C0B-4D5E-8F00-00000000000a', '0b6e1f0a-6c0b-4d5e-8f00-00000000000b');

function totalOf(items: readonly { readonly quantity: number; readonly price: number }[]): number {
  return items.reduce((sum, item) => sum + Math.round(item.price * 100) * item.quantity, 0) / 100;
}

const product: fc.Arbitrary<AnyEvent> = fc.record({
  eventType: fc.constant('ProductCreated' as const),
  productId,
  occurredAt,
  name: fc.constantFrom('Lamp', 'Chair'),
  category,
  price,
  stock: fc.integer({ min: 0, max: 100 }),
});
const order: fc.Arbitrary<AnyEvent> = fc
  .record({
    eventType: fc.constant('OrderCreated' as const),
    orderId: fc.integer({ min: 1, max: 1_000_000 }),
    customerId: fc.integer({ min: 1, max: 4 }),
    occurredAt,
    items: fc.array(fc.record({ productId, category, quantity, price }), { minLength: 1, maxLength: 5 }),
  })
  .map((event) => ({ ...event, total: totalOf(event.items) }));
const purchase: fc.Arbitrary<AnyEvent> = fc
  .record({
    eventType: fc.constant('PurchaseCreated' as const),
    purchaseId: fc.integer({ min: 1, max: 1_000_000 }),
    branchId: fc.constantFrom('north', 'south'),
    day,
    cashierId: fc.constant('c-1'),
    posId: fc.constant('pos-1'),
    receiptId: fc.constant('R-1'),
    userId,
    occurredAt,
    items: fc.array(fc.record({ productId, quantity, price }), { minLength: 1, maxLength: 5 }),
  })
  .map((event) => ({ ...event, total: totalOf(event.items) }));

/** An id is given once to each kind; of two events with one id only the first writes the row. */
function identityOf(event: AnyEvent): string {
  if (event.eventType === 'ProductCreated') return `product ${event.productId}`;
  return event.eventType === 'OrderCreated' ? `order ${event.orderId}` : `purchase ${event.purchaseId}`;
}

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
  const unique = fc.uniqueArray(fc.oneof(product, order, purchase), { selector: identityOf, maxLength: 20 });
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

test.each(['2026-11-20T08:17Z', '2026-11-20T08:17:46Z', '2026-11-20T08:17:46.4Z', '2026-11-20T08:17:46.438789Z'])(
  "an order of %s counts in its hour, its minute, and as its customer's last",
  (at) => {
    const folded = new FoldedDeltas();
    const items = [{ productId: 1, category: 'a', quantity: 1, price: 1 }];
    fold({ eventType: 'OrderCreated', occurredAt: at, orderId: 1, customerId: 1, total: 1, items }, folded);
    const deltaOf = (table: string) => folded.of(views.find((view) => view.table === table) as View<unknown>)[0];
    expect(deltaOf('hourly_sales_view')).toMatchObject({ hour: '2026-11-20T08:00:00.000Z' });
    expect(deltaOf('minute_sales_view')).toMatchObject({ minute: '2026-11-20T08:17:00.000Z' });
    expect(deltaOf('customer_ltv_view')).toMatchObject({ lastOrderAt: new Date(at).toISOString() });
  },
);

/** The `orders` of each row of a view, after one order with these lines. */
function ordersCounted(table: string, lines: readonly (readonly [productId: number, category: string])[]): unknown[] {
  const folded = new FoldedDeltas();
  const items = lines.map(([productId, category]) => ({ productId, category, quantity: 2, price: 1 }));
  const at = '2026-11-20T08:17:46.438Z';
  fold(
    { eventType: 'OrderCreated', occurredAt: at, orderId: 1, customerId: 1, total: 2 * lines.length, items },
    folded,
  );
  const view = views.find((one) => one.table === table);
  return (view ? folded.of(view) : []).map((delta) => (delta as { orders: number }).orders);
}

test.each([
  ['product_sales_view', [1, 1, 1]],
  ['category_metrics_view', [1, 1]],
  ['customer_ltv_view', [1]],
  ['hourly_sales_view', [1]],
  ['minute_sales_view', [1]],
])('an order is one order in a row of %s, however many lines it has', (table, expected) => {
  const counts = ordersCounted(table, [
    [1, 'a'],
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ]);
  expect(counts).toEqual(expected);
});
