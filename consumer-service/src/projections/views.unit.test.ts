import { expect, test } from '@jest/globals';
import { eventExamples } from '@tallyline/contracts/event-examples';
import { type AnyEvent, events } from '@tallyline/contracts/events';
import { viewRevisions } from '@tallyline/contracts/view-revisions';
import fc from 'fast-check';
import { views } from './index.js';
import type { Row } from './merge-rules.js';
import { mergedRows } from './merged-rows.js';

/** Instants as the schema admits them: to the minute, the second, the millisecond and finer. */
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
// There are few products, categories, customers and branches, so that events meet in the rows of the views.
const productId = fc.integer({ min: 1, max: 5 });
const category = fc.constantFrom('a', 'b');
const price = fc.integer({ min: 0, max: 10_000 }).map((cents) => cents / 100);
const quantity = fc.integer({ min: 1, max: 9 });
const day = fc.constantFrom('2026-01-01', '2026-01-02');
const userId = fc.constantFrom('0B6E1F0A-6C0B-4D5E-8F00-00000000000a', '0b6e1f0a-6c0b-4d5e-8f00-00000000000b');

function totalOf(items: readonly { readonly quantity: number; readonly price: number }[]): number {
  return items.reduce((sum, item) => sum + Math.round(item.price * 100) * item.quantity, 0) / 100;
}

function numbered<T extends object>(items: readonly T[]): (T & { line: number })[] {
  return items.map((item, index) => ({ line: index + 1, ...item }));
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
    version: fc.constant(2 as const),
    orderId: fc.integer({ min: 1, max: 1_000_000 }),
    customerId: fc.integer({ min: 1, max: 4 }),
    occurredAt,
    placedAt: occurredAt,
    items: fc.array(fc.record({ productId, category, quantity, price }), { minLength: 1, maxLength: 5 }),
  })
  .map((event) => ({ ...event, items: numbered(event.items), total: totalOf(event.items) }));
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

/** Each product, order and purchase has one event. */
function identityOf(event: AnyEvent): string {
  if (event.eventType === 'ProductCreated') return `product ${event.productId}`;
  return event.eventType === 'OrderCreated' ? `order ${event.orderId}` : `purchase ${event.purchaseId}`;
}

function allRowsOf(events: readonly AnyEvent[]): string {
  const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return JSON.stringify(
    views.map((view) => [view.table, mergedRows(view, events)]),
    text,
  );
}

function rowsOf(table: string, ...events: AnyEvent[]): readonly Row[] {
  return views.filter((view) => view.table === table).flatMap((view) => mergedRows(view, events));
}

test('events fold into the same rows in any order', () => {
  const unique = fc.uniqueArray(fc.oneof(product, order, purchase), { selector: identityOf, maxLength: 20 });
  fc.assert(fc.property(unique, (events) => expect(allRowsOf([...events].reverse())).toBe(allRowsOf(events))));
});

test.each(Object.keys(events) as (keyof typeof events)[])(
  'the event type %s contributes to at least one view',
  (type) => {
    const event = eventExamples[type] as AnyEvent;
    expect(views.filter((view) => mergedRows(view, [event]).length > 0)).not.toEqual([]);
  },
);

test('views are written in one fixed order, and their rows sorted by key', () => {
  const tables = views.map(({ table }) => table);
  expect(tables).toEqual([...tables].sort());
  fc.assert(
    fc.property(fc.array(order, { maxLength: 20 }), (events) => {
      const ids = rowsOf('product_sales_view', ...events).map((row) => row.product_id as number);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
    }),
  );
});

test.each(['2026-11-20T08:17Z', '2026-11-20T08:17:46Z', '2026-11-20T08:17:46.4Z', '2026-11-20T08:17:46.438789Z'])(
  "an order placed at %s counts in its hour and its minute, and is its customer's last order",
  (at) => {
    const items = [{ line: 1, productId: 1, category: 'a', quantity: 1, price: 1 }];
    const order = {
      eventType: 'OrderCreated' as const,
      version: 2 as const,
      orderId: 1,
      customerId: 1,
      total: 1,
      items,
    };
    const event = { ...order, occurredAt: '2026-11-21T09:18:00.000Z', placedAt: at };
    expect(rowsOf('hourly_sales_view', event)[0]).toMatchObject({ hour_timestamp: '2026-11-20T08:00:00.000Z' });
    expect(rowsOf('minute_sales_view', event)[0]).toMatchObject({ minute_timestamp: '2026-11-20T08:17:00.000Z' });
    expect(rowsOf('customer_ltv_view', event)[0]).toMatchObject({ last_order_date: new Date(at).toISOString() });
  },
);

test.each([
  ['product_sales_view', 'order_count', [1, 1, 1]],
  ['category_metrics_view', 'total_orders', [1, 1]],
  ['customer_ltv_view', 'order_count', [1]],
  ['hourly_sales_view', 'total_orders', [1]],
  ['minute_sales_view', 'total_orders', [1]],
])('an order is one order in a row of %s, however many lines it has', (table, column, expected) => {
  const lines = [
    [1, 'a'],
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ] as const;
  const items = numbered(lines.map(([productId, category]) => ({ productId, category, quantity: 2, price: 1 })));
  const order = { eventType: 'OrderCreated' as const, version: 2 as const, orderId: 1, customerId: 1 };
  const at = '2026-11-20T08:17:46.438Z';
  const rows = rowsOf(table, { ...order, total: 2 * lines.length, items, occurredAt: at, placedAt: at });
  expect(rows.map((row) => row[column])).toEqual(expected);
});

test('query-service knows every view in the revision of its declaration', () => {
  expect(viewRevisions).toEqual(Object.fromEntries(views.map(({ table, revision }) => [table, revision])));
});
