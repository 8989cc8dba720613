import { expect, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { decode } from '../inbox/decode.js';
import { originalMessage, readDeadLetterMessage } from './dead-letter-message.js';
import type { DeadLetterRow } from './dead-letters.sql.js';
import { reasonOf } from './list.js';

test('a dead letter that the broker moved keeps its id, even if only its body has the id', () => {
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
  const deadLetter = readDeadLetterMessage(message, 'product-events');
  const raw = { queue: 'product-events', body: content, appId: undefined, traceparent: undefined };
  expect([deadLetter.id, originalMessage(deadLetter).properties.messageId]).toEqual([event.eventId, event.eventId]);
  expect(decode({ ...raw, messageId: deadLetter.id }).id).toBe(decode({ ...raw, messageId: undefined }).id);
});

test('a dead letter that the broker moved shows the recorded reason, or else the reason of the broker', () => {
  const headers = { 'x-first-death-reason': 'rejected' };
  const deadLetter = readDeadLetterMessage(
    { content: Buffer.from('?'), properties: { headers } } as unknown as ConsumeMessage,
    'order-events',
  );
  expect(reasonOf({ reason: 'undecodable' } as DeadLetterRow, deadLetter)).toBe('undecodable');
  expect(reasonOf(undefined, deadLetter)).toBe('by the broker: rejected');
});
