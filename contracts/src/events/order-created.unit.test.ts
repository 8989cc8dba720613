import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventDeclaration } from '../event-versions.js';
import { events } from '../events.js';
import { downcastTo, schemaOf, upcastFrom } from '../read-event.js';

const declaration: EventDeclaration = events.OrderCreated;

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const instant = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((d) => d.toISOString());
const item = {
  productId: id,
  category: fc.constantFrom('Kitchen', 'Küche & Bad', 'Outils'),
  quantity: fc.integer({ min: 1, max: 10_000 }),
  price: fc.integer({ min: 0, max: 1_000_000_000 }).map((cents) => cents / 100),
};
const facts = {
  eventType: fc.constant('OrderCreated'),
  orderId: id,
  customerId: id,
  total: fc.integer({ min: 0, max: 2 ** 50 }).map((cents) => cents / 100),
};
const eventId = fc.option(fc.uuid({ version: 7 }), { nil: undefined });
const version1 = fc.record({
  ...facts,
  eventId,
  occurredAt: instant,
  items: fc.array(fc.record(item), { minLength: 1, maxLength: 100 }),
});
const version2 = fc
  .record({
    ...facts,
    eventId,
    version: fc.constant(2),
    occurredAt: instant,
    placedAt: instant,
    items: fc.array(fc.record(item), { minLength: 1, maxLength: 100 }),
  })
  .map((event) => ({ ...event, items: event.items.map((line, index) => ({ line: index + 1, ...line })) }));

/** An event as it is on the wire. */
const sent = (event: unknown): unknown => JSON.parse(JSON.stringify(event));

describe('OrderCreated', () => {
  test('of version 1 keeps all that it holds when it becomes version 2 and version 1 again', () => {
    fc.assert(
      fc.property(version1, (event) => {
        expect(sent(downcastTo(declaration, 1, upcastFrom(declaration, 1, event)))).toEqual(sent(event));
      }),
    );
  });

  test('of version 1 becomes a valid version 2 whose lines count from 1 and that was placed when it occurred', () => {
    fc.assert(
      fc.property(version1, (event) => {
        const read = upcastFrom(declaration, 1, event) as { placedAt: string; items: { line: number }[] };
        expect(schemaOf(declaration, 2)?.safeParse(sent(read)).error).toBeUndefined();
        expect(read.placedAt).toBe(event.occurredAt);
        expect(read.items.map(({ line }) => line)).toEqual(event.items.map((_, index) => index + 1));
      }),
    );
  });

  test('that is written as version 1 is valid, has no field of version 2, and is read with the time it was placed', () => {
    fc.assert(
      fc.property(version2, (event) => {
        const written = sent(downcastTo(declaration, 1, event)) as object;
        expect(schemaOf(declaration, 1)?.safeParse(written).error).toBeUndefined();
        expect(Object.keys(written)).not.toEqual(expect.arrayContaining(['version']));
        expect(JSON.stringify(written)).not.toMatch(/"(?:line|placedAt|version)":/);
        expect(sent(upcastFrom(declaration, 1, written))).toEqual(sent({ ...event, occurredAt: event.placedAt }));
      }),
    );
  });

  test('that is written as version 2 is written as it is', () => {
    fc.assert(fc.property(version2, (event) => expect(downcastTo(declaration, 2, event)).toBe(event)));
  });
});
