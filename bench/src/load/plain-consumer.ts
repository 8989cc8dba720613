import { connect } from 'amqplib';
import { answer, readInput } from '../load-process.js';
import type { OrderEvent } from './order-event.js';
import { connectSql } from './sql-client.js';
import { inboxStatement, viewStatements } from './view-statements.js';

export interface PlainConsumer {
  readonly brokerUrl: string;
  readonly readUrl: string;
  readonly durationMs: number;
}

const PREFETCH = 500;

/**
 * The usual consumer: one transaction and one acknowledgement per event. It is written well, with prepared statements, two
 * round trips per event and a prefetch.
 */
const { brokerUrl, readUrl, durationMs } = readInput<PlainConsumer>();
const client = await connectSql(readUrl);
const connection = await connect(brokerUrl, { noDelay: true });
const channel = await connection.createChannel();
await channel.prefetch(PREFETCH);

const arrived: { content: Buffer; acknowledge: () => void }[] = [];
let wake: () => void = () => undefined;
await channel.consume('order-events', (message) => {
  if (message === null) return;
  arrived.push({ content: message.content, acknowledge: () => channel.ack(message) });
  wake();
});

function eventOf(content: Buffer): OrderEvent {
  const event = JSON.parse(content.toString());
  const [{ productId, category, price }] = event.items;
  return { ...event, id: event.eventId, productId, category, cents: Math.round(price * 100), body: content };
}

let events = 0;
let startedAt: number | undefined;
while (startedAt === undefined || performance.now() - startedAt < durationMs) {
  const next = arrived.shift();
  if (next === undefined) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    continue;
  }
  startedAt ??= performance.now();
  const event = eventOf(next.content);
  const [, { rowCount }] = await Promise.all([client.query('BEGIN'), client.query(inboxStatement([event]))]);
  const writes = rowCount === 1 ? viewStatements([event]) : [];
  await Promise.all([...writes.map((one) => client.query(one)), client.query('COMMIT')]);
  next.acknowledge();
  events += 1;
}
const seconds = (performance.now() - startedAt) / 1000;
await connection.close();
await client.end();
answer({ perSecond: events / seconds });
