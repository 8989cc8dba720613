import type { OutgoingMessage } from '@tallyline/chassis/publisher';
import { events } from '@tallyline/contracts/events';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID } from '@tallyline/contracts/topology';

/** What a message needs to know, whether claimed from the table or still in its writer's memory. */
export interface PublishableRow {
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
  readonly traceparent: string | null;
  readonly createdAt: Date;
}

const typeOfTopic = new Map<string, string>(Object.entries(events).map(([type, { topic }]) => [topic, type]));

/** The AMQP message of an outbox row, with the CloudEvents 1.0 attributes as headers (binary content mode). */
export function eventMessage({ id, topic, payload, traceparent, createdAt }: PublishableRow): OutgoingMessage {
  const type = typeOfTopic.get(topic) ?? topic;
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
      headers: {
        'cloudEvents:specversion': '1.0',
        'cloudEvents:id': id,
        'cloudEvents:type': type,
        'cloudEvents:source': `/${OUTBOX_APP_ID}`,
        'cloudEvents:time': createdAt.toISOString(),
        ...(traceparent && { traceparent }),
      },
    },
  };
}
