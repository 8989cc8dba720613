import type { Socket } from 'node:net';
import { connect } from 'amqplib';
import { answer, readInput } from '../load-process.js';
import { type OrderEvent, orderEvents } from './order-event.js';

export interface BarePublishing {
  readonly brokerUrl: string;
  readonly first: number;
  readonly count: number;
  /** Adds the properties and headers of an event. Otherwise a message has only an id. */
  readonly asEvents: boolean;
}

/** The broker reaches its highest rate with fewer messages in flight than this. */
const IN_FLIGHT = 1_000;

/**
 * Publishes bodies from memory, with many confirms in flight and without a database. It is the reference of the relay, and it
 * fills the queue for the consumer. All messages share one object of headers, which is fastest for the driver.
 */
const { brokerUrl, first, count, asEvents } = readInput<BarePublishing>();
const headers = {
  'cloudEvents:specversion': '1.0',
  'cloudEvents:id': '',
  'cloudEvents:type': 'OrderCreated',
  'cloudEvents:source': '/command-service',
  'cloudEvents:time': '',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const events = orderEvents(first, count);
const connection = await connect(brokerUrl, { noDelay: true });
// Like our relay, it writes to the socket once per turn of the event loop and not once per frame.
const { stream } = connection.connection as unknown as { stream: Socket };
const channel = await connection.createConfirmChannel();
const startedAt = performance.now();

await new Promise<void>((resolve, reject) => {
  let sent = 0;
  let confirmed = 0;
  const send = () => {
    const event = events[sent];
    if (event === undefined) return;
    sent += 1;
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(() => setImmediate(() => stream.uncork()));
    }
    const options = asEvents ? optionsOf(event) : { persistent: true, messageId: event.id, appId: 'command-service' };
    channel.publish('events', 'order.created', event.body, options, (error) => {
      if (error) return reject(error);
      confirmed += 1;
      if (confirmed === count) resolve();
      send();
    });
  };
  for (let n = 0; n < IN_FLIGHT; n += 1) send();
});
const seconds = (performance.now() - startedAt) / 1000;
await connection.close();
answer({ perSecond: count / seconds });

function optionsOf({ id, occurredAt }: OrderEvent) {
  headers['cloudEvents:id'] = id;
  headers['cloudEvents:time'] = occurredAt;
  return {
    persistent: true,
    mandatory: true,
    messageId: id,
    type: 'OrderCreated',
    timestamp: Math.floor(Date.parse(occurredAt) / 1000),
    appId: 'command-service',
    contentType: 'application/json',
    headers,
  };
}
