import type { OutgoingMessage } from '@tallyline/chassis/broker/publisher';
import type { ConsumeMessage, MessagePropertyHeaders } from 'amqplib';
import { decode } from '../inbox/decode.js';

/** A message in a dead-letter queue, with what its headers say about its origin. */
export interface DeadLetterMessage {
  /** The event's id in the inbox and in `dead_letters`. */
  readonly id: string;
  /** The queue that the message came from, and to which a redrive returns it. */
  readonly queue: string;
  readonly type: string | undefined;
  /** The reason that the consumer gave; undefined when the broker itself moved the message. */
  readonly reason: string | undefined;
  readonly brokerReason: string;
  readonly firstSeenAt: string | undefined;
  readonly message: ConsumeMessage;
}

export function readDeadLetterMessage(message: ConsumeMessage, queue: string): DeadLetterMessage {
  const { headers = {}, type, messageId, appId } = message.properties;
  return {
    // A message that the broker moved may have its id in the body only.
    id: decode({ queue, body: message.content, messageId, appId, traceparent: undefined }).id,
    queue: textOf(headers['x-origin-queue']) ?? queue,
    type: textOf(type),
    reason: textOf(headers['x-reason']),
    // The broker moves messages that expire, find their queue full, or are rejected by the consumer during an alarm. In the
    // last case, `dead_letters` has the reason.
    brokerReason: `by the broker: ${textOf(headers['x-first-death-reason']) ?? 'no reason given'}`,
    firstSeenAt: textOf(headers['x-first-seen-at']),
    message,
  };
}

/** Headers that the consumer or the broker has added. x-first-seen-at stays: it is still true when the message comes back. */
const ADDED_HEADERS = /^x-(reason|origin-|death$|first-death-|last-death-|delivery-count$|acquired-count$|opt-)/;

/** Restores the message as it first came. It is addressed to the queue that it came from, so no other queue gets a copy. */
export function originalMessage({ id, queue, message }: DeadLetterMessage): OutgoingMessage {
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
      // A message that came without an id keeps the id that was made from its content.
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
