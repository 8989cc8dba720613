import type { OutgoingMessage } from '@tallyline/chassis/broker/publisher';
import { events } from '@tallyline/contracts/events';
import { cloudEventsSource, type Source } from '@tallyline/contracts/source';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID } from '@tallyline/contracts/topology';

/** Where the events of this process come from, in the form that their headers have. */
export interface EventOrigin {
  readonly source: string;
  readonly epoch: string;
}

export function originOf({ id, epoch }: Source): EventOrigin {
  return { source: cloudEventsSource(id), epoch };
}

/** What a message needs to know, whether claimed from the table or still in its writer's memory. */
export interface PublishableRow {
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
  readonly traceparent: string | null;
  readonly createdAt: Date;
}

const typeOfTopic = new Map<string, string>(Object.entries(events).map(([type, { topic }]) => [topic, type]));

/**
 * One object for the headers of all events: the driver derives an object from it, and to become a prototype costs a new
 * object 5 µs, half of what encoding the whole message takes.
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
 * The AMQP message of an outbox row, with the CloudEvents 1.0 attributes as headers (binary content mode). Its headers
 * hold until the next message is made.
 */
export function eventMessage(
  { id, topic, payload, traceparent, createdAt }: PublishableRow,
  { source, epoch }: EventOrigin,
): OutgoingMessage {
  const type = typeOfTopic.get(topic) ?? topic;
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
