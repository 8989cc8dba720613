import { DEAD_LETTER_EXCHANGE, deadLetterQueueOf } from '@tallyline/contracts/topology';
import type { ConsumeMessage } from 'amqplib';
import type { DeadLetter } from '../inbox/decode.js';
import type { PublisherLink } from '../subscription/publisher-link.js';

/**
 * Sends a copy of a message to its dead-letter queue, with the reason and origin in its headers, where the management page
 * shows them. 'stored': the broker has confirmed the copy, and the original may be acknowledged. 'blocked': an alarm keeps the
 * broker from taking it; if the original is rejected, the broker itself moves it, without these headers. 'untaken': the queue
 * is missing, full by a policy, or has no leader; a rejected original would be lost. Throws while the broker is away.
 */
export async function sendDeadLetter(
  publish: PublisherLink['publish'],
  message: ConsumeMessage,
  { id, queue, reason }: DeadLetter,
): Promise<'stored' | 'blocked' | 'untaken'> {
  const { contentType, contentEncoding, type, appId, timestamp, headers } = message.properties;
  const ours = {
    'x-reason': reason.slice(0, 1_000),
    // A message that comes back after a redrive keeps the time at which it was first seen.
    'x-first-seen-at': headers?.['x-first-seen-at'] ?? new Date().toISOString(),
    'x-origin-queue': queue,
    'x-origin-exchange': message.fields.exchange,
    'x-origin-routing-key': message.fields.routingKey,
    // A redrive restores this id. It is empty when the message came without one.
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
  // The sender's headers and ours together may not fit into one AMQP frame.
  if (outcome === 'unsendable') outcome = await send(ours);
  if (outcome === 'blocked') return 'blocked';
  if (outcome === 'failed')
    throw new Error(`a dead letter of ${queue} cannot be sent: there is no connection to the broker`);
  return outcome === 'confirmed' ? 'stored' : 'untaken';
}
