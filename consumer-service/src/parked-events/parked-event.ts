import type { ConsumeMessage, MessageProperties } from 'amqplib';
import type { NewerEvent } from '../inbox/decode.js';

/** An event that is newer than this release, with all of its message that another release needs to apply it. */
export interface ParkedEvent extends Omit<NewerEvent, 'kind'> {
  readonly body: Buffer;
  /** The AMQP properties with the headers, the exchange and the routing key, as JSON. */
  readonly properties: string;
}

/** A row of `parked_events`. */
export interface ParkedRow {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly queue: string;
  readonly reason: string;
  readonly fromOutbox: boolean;
  readonly parkedAt: Date;
}

export interface ParkedMessageRow extends ParkedRow {
  readonly body: Buffer;
  readonly properties: MessageProperties & { readonly exchange: string; readonly routingKey: string };
}

/** The outbox writes texts and numbers into headers. A later release may write lists and tables of them. */
const MAX_DEPTH = 8;

/**
 * Returns what is stored of a message, or undefined if JSON cannot hold its properties without loss. The outbox sends no such
 * message.
 */
export function parkedEventOf({ kind, ...event }: NewerEvent, message: ConsumeMessage): ParkedEvent | undefined {
  const { exchange, routingKey } = message.fields;
  const given = Object.entries(message.properties).filter(([, value]) => value !== undefined);
  const properties = { ...Object.fromEntries(given), exchange, routingKey };
  if (!isPlainJson(properties, MAX_DEPTH)) return undefined;
  return { ...event, body: message.content, properties: JSON.stringify(properties) };
}

function isPlainJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || ArrayBuffer.isView(value) || depth === 0) return false;
  return Object.values(value).every((one) => isPlainJson(one, depth - 1));
}

/** Makes the message of a parked event again. A dead letter that is made from it says when the event was first seen. */
export function messageOf({ body, properties, parkedAt }: ParkedMessageRow): ConsumeMessage {
  const { exchange, routingKey, headers, ...others } = properties;
  return {
    content: body,
    fields: { exchange, routingKey, consumerTag: '', deliveryTag: 0, redelivered: true },
    properties: { ...others, headers: { 'x-first-seen-at': parkedAt.toISOString(), ...headers } },
  };
}
