import { expect, test } from '@jest/globals';
import { asyncApiDocument } from '@tallyline/contracts/asyncapi';
import { eventMessage } from './event-message.js';

const origin = { source: '/command-service/5f0c9a52-7d3e-4b1a-9f57-0c8d6f0a2b11', epoch: '1-2-3-4' };
const row = {
  type: 'OrderCreated',
  topic: 'order.created',
  payload: '{"orderId":1}',
  createdAt: new Date('2026-11-20T08:17:46.438Z'),
};

test('a message has the CloudEvents attributes of its event, and none of the event before it', () => {
  const ids = ['0199aaaa-bbbb-7ccc-8ddd-000000000001', '0199aaaa-bbbb-7ccc-8ddd-000000000002'] as const;
  const first = eventMessage({ ...row, id: ids[0], traceparent: '00-1-2-01' }, origin);
  expect(first).toMatchObject({
    exchange: 'events',
    routingKey: 'order.created',
    body: Buffer.from(row.payload),
    properties: { messageId: ids[0], type: 'OrderCreated', timestamp: 1_795_162_666, contentType: 'application/json' },
  });
  expect(first.properties.headers).toEqual({
    'cloudEvents:specversion': '1.0',
    'cloudEvents:id': ids[0],
    'cloudEvents:type': 'OrderCreated',
    'cloudEvents:source': origin.source,
    'cloudEvents:epoch': origin.epoch,
    'cloudEvents:time': '2026-11-20T08:17:46.438Z',
    traceparent: '00-1-2-01',
  });
  const second = eventMessage({ ...row, id: ids[1], traceparent: null }, origin);
  expect(second.properties.headers).toMatchObject({ 'cloudEvents:id': ids[1], traceparent: undefined });
});

test('a message has the type that its row names, even one that this release does not know', () => {
  const later = { ...row, id: '0199aaaa-bbbb-7ccc-8ddd-000000000001', type: 'OrderEaten', topic: 'order.eaten' };
  const { properties } = eventMessage({ ...later, traceparent: null }, origin);
  expect(properties).toMatchObject({ type: 'OrderEaten', headers: { 'cloudEvents:type': 'OrderEaten' } });
});

test('a message has the headers that the AsyncAPI document describes', () => {
  const { properties } = eventMessage(
    { ...row, id: '0199aaaa-bbbb-7ccc-8ddd-000000000001', traceparent: null },
    origin,
  );
  const documented = asyncApiDocument().components.messages.OrderCreated?.headers.properties ?? {};
  expect(Object.keys(properties?.headers ?? {}).sort()).toEqual(Object.keys(documented).sort());
});
