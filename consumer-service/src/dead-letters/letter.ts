import type { OutgoingMessage } from '@tallyline/chassis/broker/publisher';
import type { ConsumeMessage, MessagePropertyHeaders } from 'amqplib';
import { decode } from '../inbox/decode.js';

/** A message in a dead-letter queue, and what its headers say of how it came there. */
export interface Letter {
  /** The event's id, as the inbox and `dead_letters` know it. */
  readonly id: string;
  /** The queue from which it was set aside, and to which a redrive returns it. */
  readonly queue: string;
  readonly type: string | undefined;
  /** Ours, unless the broker itself moved the message. */
  readonly reason: string | undefined;
  readonly reasonOfBroker: string;
  readonly firstSeenAt: string | undefined;
  readonly message: ConsumeMessage;
}

export function letterOf(message: ConsumeMessage, queue: string): Letter {
  const { headers = {}, type, messageId, appId } = message.properties;
  return {
    // Moved by the broker itself it has its own identity still, which may be in its body.
    id: decode({ queue, body: message.content, messageId, appId, traceparent: undefined }).id,
    queue: textOf(headers['x-origin-queue']) ?? queue,
    type: textOf(type),
    reason: textOf(headers['x-reason']),
    // An expired message, a full queue, or rejected by us during an alarm; then the table knows why.
    reasonOfBroker: `by the broker: ${textOf(headers['x-first-death-reason']) ?? 'no reason given'}`,
    firstSeenAt: textOf(headers['x-first-seen-at']),
    message,
  };
}

/** Ours, and those that the broker adds. First-seen stays: it is still true when the message comes back. */
const ADDED_HEADERS = /^x-(reason|origin-|death$|first-death-|last-death-|delivery-count$|acquired-count$|opt-)/;

/** The message as it first came, addressed straight to the queue that it came from: no other queue gets it twice. */
export function redriven({ id, queue, message }: Letter): OutgoingMessage {
  const { contentType, contentEncoding, type, appId, timestamp, headers = {} } = message.properties;
  return {
    exchange: '',
    routingKey: queue,
    body: message.content,
    properties: {
      contentType,
      contentEncoding,
      type,
      appId,
      timestamp,
      headers: withoutAdded(headers),
      // A message that came without an id keeps the one that was made of its content.
      messageId: textOf(headers['x-origin-message-id']) ?? message.properties.messageId ?? id,
    },
  };
}

function withoutAdded(headers: MessagePropertyHeaders): MessagePropertyHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ADDED_HEADERS.test(name)));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
