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

describe('decode', () => {
  test('reads a message as an event and ignores unknown fields', () => {
    const decoded = decode(message({ ...order, giftWrap: true }, { messageId: id, appId: 'command-service' }));
    expect(decoded).toMatchObject({ kind: 'event', id, fromOutbox: true, event: { orderId: 1, total: 49.99 } });
    expect(decoded).not.toHaveProperty('event.giftWrap');
  });

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), /^undecodable/],
    ['text that is not JSON', 'hello', /^undecodable/],
    ['JSON that is not an object', 'null', /^unknown event type/],
    ['an unknown type', { ...order, eventType: 'OrderEaten' }, /^unknown event type "OrderEaten"/],
    ['a version that is not known here', { ...order, version: 99 }, /^version 99 of OrderCreated is newer/],
    ['a version that is no number', { ...order, version: 'two' }, /^not a valid OrderCreated: version/],
    ['a missing field', { ...order, customerId: undefined }, /^not a valid OrderCreated: customerId/],
    ['a total with three decimals', { ...order, total: 1.001 }, /^not a valid OrderCreated: total/],
  ])('returns a dead letter that names its reason for %s', (_name, body, reason) => {
    const decoded = decode(message(body, { messageId: id }));
    expect(decoded).toMatchObject({ kind: 'dead-letter', id, reason: expect.stringMatching(reason) });
  });

  test.each([
    ['type', { ...order, eventType: 'OrderEaten' }, 'unknown event type "OrderEaten"'],
    ['version', { ...order, version: 99 }, 'version 99 of OrderCreated is newer than'],
  ])(
    'returns no dead letter for an unknown %s of the outbox, because a newer release wrote it',
    (_what, body, reason) => {
      const decoded = decode(message(body, { messageId: id, appId: 'command-service' }));
      expect(decoded).toMatchObject({
        kind: 'newer',
        id,
        queue: 'order-events',
        reason: expect.stringContaining(reason),
      });
    },
  );

  test('returns a dead letter for a message of the outbox without a type', () => {
    const decoded = decode(message({ ...order, eventType: undefined }, { messageId: id, appId: 'command-service' }));
    expect(decoded.kind).toBe('dead-letter');
  });

  test('does not treat a message of a foreign publisher as one from the outbox', () => {
    expect(decode(message(order, { messageId: id, appId: 'erp' })).fromOutbox).toBe(false);
    expect(decode(message(order, { messageId: 'no-uuid', appId: 'command-service' })).fromOutbox).toBe(false);
  });

  test.each([
    ['with a time that no clock will show', 'ffffffff-ffff-7fff-bfff-ffffffffffff'],
    ['that only begins like a UUIDv7', '0199aaaa-bbbb-7-c'],
    ['of another variant', '0199aaaa-bbbb-7ccc-0ddd-eeeeeeeeeeee'],
  ])('does not treat a message with an id %s as one from the outbox', (_what, messageId) => {
    for (const body of [order, 'hello']) {
      expect(decode(message(body, { messageId, appId: 'command-service' })).fromOutbox).toBe(false);
    }
  });
});

describe('identify', () => {
  const body = Buffer.from('{}');

  test('returns the messageId, else the eventId of the body, else a hash of the bytes', () => {
    const other = '0199aaaa-bbbb-7ccc-8ddd-ffffffffffff';
    expect(identify(id, other, body)).toBe(id);
    expect(identify(undefined, other, body)).toBe(other);
    expect(identify(undefined, undefined, body)).toBe(identify(undefined, undefined, Buffer.from('{}')));
    expect(identify(undefined, undefined, body)).not.toBe(identify(undefined, undefined, Buffer.from('{ }')));
  });

  test('gives a message that cannot be read yet the id that it will have once it can', () => {
    const early = decode(message({ ...order, version: 99 }));
    const later = decode(message(order));
    expect([early.kind, later.kind, early.id]).toEqual(['dead-letter', 'event', later.id]);
  });

  test('always returns a UUID, of version 8 when the given id is another text', () => {
    expect(identify('order-17', undefined, body)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(identify(id.toUpperCase(), undefined, body)).toBe(id);
  });
});
