import { DEAD_LETTER_EXCHANGE, deadLetterQueueOf } from '@tallyline/contracts/topology';
import type { ConsumeMessage } from 'amqplib';
import type { Outbound } from '../outbound.js';

/**
 * Copies a message to its dead-letter queue with the reason and origin in its headers, where the management page shows
 * them. 'stored': the broker has the copy, and the original may be acknowledged. 'blocked': an alarm keeps it from taking any;
 * rejected, the original is moved by the broker itself, without our headers. 'untaken': the queue is gone, is full by a policy,
 * or has no leader, and would lose what is rejected. Throws while the broker is away.
 */
export async function sendToDeadLetters(
  publish: Outbound['publish'],
  message: ConsumeMessage,
  { id, queue, reason }: { id: string; queue: string; reason: string },
): Promise<'stored' | 'blocked' | 'untaken'> {
  const { contentType, contentEncoding, type, appId, timestamp, headers } = message.properties;
  const ours = {
    'x-reason': reason.slice(0, 1_000),
    // A message that comes back after a redrive was first seen then, not now.
    'x-first-seen-at': headers?.['x-first-seen-at'] ?? new Date().toISOString(),
    'x-origin-queue': queue,
    'x-origin-exchange': message.fields.exchange,
    'x-origin-routing-key': message.fields.routingKey,
    // Publishers without a messageId are identified by content; the copy must keep that identity.
    'x-origin-message-id': message.properties.messageId ?? '',
  };
  const send = (allHeaders: object) =>
    publish({
      exchange: DEAD_LETTER_EXCHANGE,
      routingKey: deadLetterQueueOf(queue),
      body: message.content,
      properties: { contentType, contentEncoding, type, appId, timestamp, headers: { ...allHeaders }, messageId: id },
    });
  let outcome = await send({ ...headers, ...ours });
  // With ours added, the sender's headers may not fit into a frame any more.
  if (outcome === 'unsendable') outcome = await send(ours);
  if (outcome === 'blocked') return 'blocked';
  if (outcome === 'failed') throw new Error(`no connection for a dead letter of ${queue}`);
  return outcome === 'confirmed' ? 'stored' : 'untaken';
}
