import type { OutgoingMessage } from '@tallyline/chassis/broker/publisher';
import { cloudEventsSource, type Source } from '@tallyline/contracts/source';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID } from '@tallyline/contracts/topology';

/** The write database that events come from, as their headers name it. */
export interface EventOrigin {
  readonly source: string;
  readonly epoch: string;
}

export function originOf({ id, epoch }: Source): EventOrigin {
  return { source: cloudEventsSource(id), epoch };
}

/** The part of an outbox row that is published, whether it was claimed or handed over. */
export interface PublishableRow {
  readonly id: string;
  /** The event type that is in the payload. The release that wrote the row may know types that this one does not. */
  readonly type: string;
  readonly topic: string;
  readonly payload: string;
  readonly traceparent: string | null;
  readonly createdAt: Date;
}

/**
 * All events share one object for their headers. The AMQP library makes it the prototype of another object, and that is
 * slow for an object that was just created.
 */
const headers = {
  'cloudEvents:specversion': '1.0',
  'cloudEvents:id': '',
  'cloudEvents:type': '',
  'cloudEvents:source': '',
  'cloudEvents:epoch': '',
  'cloudEvents:time': '',
  traceparent: undefined as string | undefined,
};

/**
 * Makes the AMQP message of an outbox row, with the CloudEvents 1.0 attributes as headers (binary content mode). All messages
 * share one headers object, so encode a message before the next call.
 */
export function eventMessage(
  { id, type, topic, payload, traceparent, createdAt }: PublishableRow,
  { source, epoch }: EventOrigin,
): OutgoingMessage {
  headers['cloudEvents:id'] = id;
  headers['cloudEvents:type'] = type;
  headers['cloudEvents:source'] = source;
  headers['cloudEvents:epoch'] = epoch;
  headers['cloudEvents:time'] = createdAt.toISOString();
  headers.traceparent = traceparent ?? undefined;
  return {
    exchange: EVENTS_EXCHANGE,
    routingKey: topic,
    body: Buffer.from(payload),
    properties: {
      messageId: id,
      type,
      timestamp: Math.floor(createdAt.getTime() / 1000),
      appId: OUTBOX_APP_ID,
      contentType: 'application/json',
      headers,
    },
  };
}
