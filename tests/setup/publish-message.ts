import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import type { Options } from 'amqplib';
import { withChannel } from '../faults/world/broker-access.js';

/** Publishes an order message past the outbox, as another publisher would, and resolves when the broker has confirmed it. */
export function publishOrderMessage(
  brokerUrl: string,
  body: object | string,
  properties: Options.Publish = {},
): Promise<void> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return withChannel(brokerUrl, async (channel) => {
    channel.publish(EVENTS_EXCHANGE, 'order.created', bytes, { persistent: true, ...properties });
  });
}
