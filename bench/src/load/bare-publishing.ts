import type { Socket } from 'node:net';
import { connect } from 'amqplib';
import { answer, readInput } from '../load-process.js';
import { orderEvents } from './order-event.js';

export interface BarePublishing {
  readonly brokerUrl: string;
  readonly first: number;
  readonly count: number;
}

/** More than the 100 to 500 that reach the broker's ceiling. */
const IN_FLIGHT = 1_000;

/**
 * The reference of the relay, and what fills a queue for the consumer: ready bodies from memory, as many confirms in
 * flight as help, no headers, no database.
 */
const { brokerUrl, first, count } = readInput<BarePublishing>();
const events = orderEvents(first, count);
const connection = await connect(brokerUrl, { noDelay: true });
// Like ours, it writes to the socket once a turn, not once a frame.
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
    const options = { persistent: true, messageId: event.id, appId: 'command-service' };
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
