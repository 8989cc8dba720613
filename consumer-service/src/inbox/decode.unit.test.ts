import { describe, expect, test } from '@jest/globals';
import { decode, identify } from './decode.js';

const id = '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee';
const order = {
  eventId: id,
  eventType: 'OrderCreated',
  occurredAt: '2026-11-20T08:17:46.438Z',
  orderId: 1,
  customerId: 801,
  total: 49.99,
  items: [{ productId: 1, category: 'Accessories', quantity: 1, price: 49.99 }],
};
const message = (body: unknown, more: { messageId?: string; appId?: string } = {}) => ({
  queue: 'order-events',
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  messageId: more.messageId,
  appId: more.appId,
  traceparent: undefined,
});

describe('a message', () => {
  test('becomes an event; fields that the schema does not know are ignored', () => {
    const decoded = decode(message({ ...order, giftWrap: true }, { messageId: id, appId: 'command-service' }));
    expect(decoded).toMatchObject({ kind: 'event', id, counted: true, event: { orderId: 1, total: 49.99 } });
    expect(decoded).not.toHaveProperty('event.giftWrap');
  });

  test.each([
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00]), /^undecodable/],
    ['text that is no JSON', 'hello', /^undecodable/],
    ['JSON that is no object', 'null', /^unknown event type/],
    ['an unknown type', { ...order, eventType: 'OrderEaten' }, /^unknown event type "OrderEaten"/],
    ['an unknown version', { ...order, version: 2 }, /^not a valid OrderCreated: version/],
    ['a missing field', { ...order, customerId: undefined }, /^not a valid OrderCreated: customerId/],
    ['a total with three decimals', { ...order, total: 1.001 }, /^not a valid OrderCreated: total/],
  ])('is poison, with its reason: %s', (_name, body, reason) => {
    const decoded = decode(message(body, { messageId: id }));
    expect(decoded).toMatchObject({ kind: 'poison', id, reason: expect.stringMatching(reason) });
  });

  test('of a foreign publisher is not counted against the ledger of the write side', () => {
    expect(decode(message(order, { messageId: id, appId: 'erp' })).counted).toBe(false);
    expect(decode(message(order, { messageId: 'no-uuid', appId: 'command-service' })).counted).toBe(false);
  });

  test.each([
    ['of a time that no clock will show', 'ffffffff-ffff-7fff-bfff-ffffffffffff'],
    ['that only begins like one', '0199aaaa-bbbb-7-c'],
    ['of another variant', '0199aaaa-bbbb-7ccc-0ddd-eeeeeeeeeeee'],
  ])('with an id %s is not counted either: its second is none of the ledger', (_what, messageId) => {
    for (const body of [order, 'hello']) {
      expect(decode(message(body, { messageId, appId: 'command-service' })).counted).toBe(false);
    }
  });
});

describe('identity', () => {
  const body = Buffer.from('{}');

  test('is the messageId, else the eventId of the body, else the bytes', () => {
    const other = '0199aaaa-bbbb-7ccc-8ddd-ffffffffffff';
    expect(identify(id, other, body)).toBe(id);
    expect(identify(undefined, other, body)).toBe(other);
    expect(identify(undefined, undefined, body)).toBe(identify(undefined, undefined, Buffer.from('{}')));
    expect(identify(undefined, undefined, body)).not.toBe(identify(undefined, undefined, Buffer.from('{ }')));
  });

  test('of a message that is not understood yet is the one that it will have', () => {
    const early = decode(message({ ...order, version: 2 }));
    const later = decode(message(order));
    expect([early.kind, later.kind, early.id]).toEqual(['poison', 'event', later.id]);
  });

  test('is always a UUID: version 8 where it was made from other text', () => {
    expect(identify('order-17', undefined, body)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(identify(id.toUpperCase(), undefined, body)).toBe(id);
  });
});
