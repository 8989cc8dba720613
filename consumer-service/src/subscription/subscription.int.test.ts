import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import type { Vhost } from '@tallyline/local/servers/vhost';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestDatabases, createTestVhost, type TestDatabases } from '@tallyline/local/testing/test-databases';
import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib';
import { createTestPool } from '../../../tests/setup/test-database.js';
import { startPublisherLink } from './publisher-link.js';
import { type Subscription, startSubscription } from './subscription.js';

const log = createLogger('test', 'silent', 'json');

let databases: TestDatabases;
let vhost: Vhost;
let pool: Pool;
let broker: ChannelModel;
let channel: Channel;
let subscription: Subscription;

beforeAll(async () => {
  [databases, vhost] = await Promise.all([createTestDatabases(), createTestVhost()]);
  pool = createTestPool(databases.readDatabaseUrl);
  broker = await connect(vhost.brokerUrl);
  channel = await broker.createChannel();
});
afterEach(() => subscription.stop());
afterAll(async () => {
  await broker.close();
  await pool.end();
  await Promise.all([databases.drop(), vhost.drop()]);
});

async function subscribe(): Promise<void> {
  const options = { log, brokerUrl: vhost.brokerUrl };
  const publisherLink = startPublisherLink(log, vhost.brokerUrl);
  subscription = startSubscription({ ...options, pool, publisherLink });
  await eventually(() => expect(subscription.link.session()).toBeDefined());
}

function publish(body: unknown): string {
  const messageId = randomUUID();
  channel.publish('events', 'product.created', Buffer.from(JSON.stringify(body)), { messageId });
  return messageId;
}

const mug = (productId: number) => {
  const occurredAt = new Date().toISOString();
  return { eventType: 'ProductCreated', occurredAt, productId, name: 'Mug', category: 'Kitchen', price: 1, stock: 1 };
};

async function isApplied(eventId: string): Promise<void> {
  const { rowCount } = await pool.query('SELECT 1 FROM processed_events WHERE event_id = $1', [eventId]);
  expect(rowCount).toBe(1);
}

async function isDeadLetter(eventId: string): Promise<void> {
  const { rowCount } = await pool.query('SELECT 1 FROM dead_letters WHERE event_id = $1', [eventId]);
  expect(rowCount).toBe(1);
}

/** Takes the next message from a queue. */
const next = (queue: string) =>
  eventually(async () => {
    const message = await channel.get(queue, { noAck: true });
    expect(message).not.toBe(false);
    return message as GetMessage;
  });

test('messages return to their queue when the consumer stops before its commit', async () => {
  await subscribe();
  const eventId = await withTransaction(pool, 'hold the view', async (tx) => {
    await tx.query({ text: 'LOCK TABLE product_sales_view' });
    const id = publish(mug(1));
    await eventually(async () => {
      const waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'product_sales_view'::regclass";
      expect(await tx.query({ text: waiting })).toHaveLength(1);
    });
    await subscription.link.stop();
    return id;
  });
  const { fields, properties } = await next('product-events');
  expect([fields.redelivered, properties.messageId]).toEqual([true, eventId]);
});

test('a deleted dead-letter queue is declared again, and other events are applied', async () => {
  await subscribe();
  await channel.deleteQueue('product-events.dlq');
  const unreadable = publish({ eventType: 'Nonsense' });
  const after = publish(mug(4));
  await eventually(() => isApplied(after));
  expect((await next('product-events.dlq')).properties.messageId).toBe(unreadable);
});

test('a message waits alone while its dead-letter queue is full, and moves there when there is room', async () => {
  await subscribe();
  const policies = `/api/policies/${vhost.vhost}/short`;
  const definition = { 'max-length': 1, overflow: 'reject-publish' };
  await callManagement(vhost.managementUrl, 'PUT', policies, { pattern: 'dlq$', definition });
  const deadLetters = async () => (await channel.checkQueue('product-events.dlq')).messageCount;
  // With a limit of one message, RabbitMQ refuses the third.
  for (let taken = 1; taken <= 2; taken += 1) {
    publish({ eventType: 'Nonsense' });
    await eventually(async () => expect(await deadLetters()).toBe(taken));
  }
  const refused = publish({ eventType: 'Nonsense' });
  await eventually(() => isDeadLetter(refused));
  const after = [publish(mug(5)), publish(mug(6))];
  await eventually(() => Promise.all(after.map(isApplied)));
  expect(await deadLetters()).toBe(2);
  await callManagement(vhost.managementUrl, 'DELETE', policies);
  await eventually(async () => expect(await deadLetters()).toBe(3), { timeoutMs: 30_000 });
  const [, , deadLetter] = [
    await next('product-events.dlq'),
    await next('product-events.dlq'),
    await next('product-events.dlq'),
  ];
  expect(deadLetter.properties).toMatchObject({ messageId: refused, headers: { 'x-origin-queue': 'product-events' } });
  await subscription.stop();
  expect(await channel.checkQueue('product-events')).toMatchObject({ messageCount: 0 });
}, 60_000);

test('at most 32 watermarks are taken at a time', async () => {
  await subscribe();
  const sent = 100;
  const waiting = async () => (await channel.checkQueue('watermarks')).messageCount;
  await withTransaction(pool, 'hold the newest watermark', async (tx) => {
    await tx.query({ text: 'LOCK TABLE sync_state' });
    const at = new Date().toISOString();
    const watermark = { measuredAt: at, from: at, isFirst: true, seconds: [], waiting: 0 };
    const body = Buffer.from(JSON.stringify(watermark));
    for (let n = 0; n < sent; n += 1) channel.sendToQueue('watermarks', body, { appId: 'command-service' });
    await eventually(async () => expect(await waiting()).toBe(sent - 32));
    await delay(200);
    expect(await waiting()).toBe(sent - 32);
  });
  await eventually(async () => expect(await waiting()).toBe(0));
});

test('an unreadable message moves to its dead-letter queue once, and the others of its batch are applied', async () => {
  await subscribe();
  const before = publish(mug(2));
  const unreadable = publish({ eventType: 'Nonsense' });
  const after = publish(mug(3));
  await eventually(() => Promise.all([before, after].map(isApplied)));
  const deadLetter = await next('product-events.dlq');
  expect(deadLetter.properties).toMatchObject({
    messageId: unreadable,
    headers: { 'x-origin-queue': 'product-events' },
  });
  // A message that went back into its queue would be delivered again before this one.
  const last = publish(mug(4));
  await eventually(() => isApplied(last));
  await subscription.stop();
  const left = ['product-events', 'product-events.dlq'].map((queue) => channel.checkQueue(queue));
  expect((await Promise.all(left)).map(({ messageCount }) => messageCount)).toEqual([0, 0]);
});
