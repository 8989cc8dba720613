import { expect, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { decode } from '../inbox/decode.js';
import type { DeadLetterRow } from './dead-letters.sql.js';
import { reasonOf } from './describe.js';
import { letterOf, redriven } from './letter.js';

test('a message that the broker moved keeps its identity, also where only its body has one', () => {
  const occurredAt = '2026-11-20T08:17:46.438Z';
  const product = { productId: 1, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };
  const event = {
    eventType: 'ProductCreated',
    eventId: '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
    occurredAt,
    ...product,
  };
  const content = Buffer.from(JSON.stringify(event));
  const message = {
    content,
    properties: { headers: { 'x-first-death-reason': 'expired' } },
  } as unknown as ConsumeMessage;
  const letter = letterOf(message, 'product-events');
  const raw = { queue: 'product-events', body: content, appId: undefined, traceparent: undefined };
  expect([letter.id, redriven(letter).properties.messageId]).toEqual([event.eventId, event.eventId]);
  expect(decode({ ...raw, messageId: letter.id }).id).toBe(decode({ ...raw, messageId: undefined }).id);
});

test('a message that the broker moved tells the reason that was recorded, or else that of the broker', () => {
  const headers = { 'x-first-death-reason': 'rejected' };
  const letter = letterOf(
    { content: Buffer.from('?'), properties: { headers } } as unknown as ConsumeMessage,
    'order-events',
  );
  expect(reasonOf({ reason: 'undecodable' } as DeadLetterRow, letter)).toBe('undecodable');
  expect(reasonOf(undefined, letter)).toBe('by the broker: rejected');
});
