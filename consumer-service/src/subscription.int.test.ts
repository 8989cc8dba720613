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
import { createTestPool } from '../../tests/setup/test-database.js';
import { startOutbound } from './outbound.js';
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
  const outbound = startOutbound(options);
  subscription = startSubscription({ ...options, pool, outbound });
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

async function isSetAside(eventId: string): Promise<void> {
  const { rowCount } = await pool.query('SELECT 1 FROM dead_letters WHERE event_id = $1', [eventId]);
  expect(rowCount).toBe(1);
}

/** Takes the next message, whoever had it before. */
const next = (queue: string) =>
  eventually(async () => {
    const message = await channel.get(queue, { noAck: true });
    expect(message).not.toBe(false);
    return message as GetMessage;
  });

test('a consumer that goes before its commit leaves its messages to the next one', async () => {
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

test('a dead-letter queue that was deleted is declared anew, and events do not wait for somebody to do it', async () => {
  await subscribe();
  await channel.deleteQueue('product-events.dlq');
  const poison = publish({ eventType: 'Nonsense' });
  const after = publish(mug(4));
  await eventually(() => isApplied(after));
  expect((await next('product-events.dlq')).properties.messageId).toBe(poison);
});

test('poison that its dead-letter queue refuses, full by a policy, waits alone and is set aside when there is room', async () => {
  await subscribe();
  const policies = `/api/policies/${vhost.vhost}/short`;
  const definition = { 'max-length': 1, overflow: 'reject-publish' };
  await callManagement(vhost.managementUrl, 'PUT', policies, { pattern: 'dlq$', definition });
  const letters = async () => (await channel.checkQueue('product-events.dlq')).messageCount;
  // It refuses when it has one too many.
  for (let taken = 1; taken <= 2; taken += 1) {
    publish({ eventType: 'Nonsense' });
    await eventually(async () => expect(await letters()).toBe(taken));
  }
  const refused = publish({ eventType: 'Nonsense' });
  await eventually(() => isSetAside(refused));
  const after = [publish(mug(5)), publish(mug(6))];
  await eventually(() => Promise.all(after.map(isApplied)));
  expect(await letters()).toBe(2);
  await callManagement(vhost.managementUrl, 'DELETE', policies);
  await eventually(async () => expect(await letters()).toBe(3), { timeoutMs: 30_000 });
  const [, , letter] = [
    await next('product-events.dlq'),
    await next('product-events.dlq'),
    await next('product-events.dlq'),
  ];
  expect(letter.properties).toMatchObject({ messageId: refused, headers: { 'x-origin-queue': 'product-events' } });
  await subscription.stop();
  expect(await channel.checkQueue('product-events')).toMatchObject({ messageCount: 0 });
}, 60_000);

test('of watermarks, each of which may tell of an hour, few are taken at a time', async () => {
  await subscribe();
  const told = 100;
  const waiting = async () => (await channel.checkQueue('watermarks')).messageCount;
  await withTransaction(pool, 'hold the newest watermark', async (tx) => {
    await tx.query({ text: 'LOCK TABLE sync_state' });
    const at = new Date().toISOString();
    const watermark = { measuredAt: at, from: at, isFirst: true, seconds: [], waiting: 0 };
    const body = Buffer.from(JSON.stringify(watermark));
    for (let n = 0; n < told; n += 1) channel.sendToQueue('watermarks', body, { appId: 'command-service' });
    await eventually(async () => expect(await waiting()).toBe(told - 32));
    await delay(200);
    expect(await waiting()).toBe(told - 32);
  });
  await eventually(async () => expect(await waiting()).toBe(0));
});

test('poison is set aside once, and does not come back; its neighbours are applied', async () => {
  await subscribe();
  const before = publish(mug(2));
  const poison = publish({ eventType: 'Nonsense' });
  const after = publish(mug(3));
  await eventually(() => Promise.all([before, after].map(isApplied)));
  const letter = await next('product-events.dlq');
  expect(letter.properties).toMatchObject({ messageId: poison, headers: { 'x-origin-queue': 'product-events' } });
  await subscription.stop();
  const left = ['product-events', 'product-events.dlq'].map((queue) => channel.checkQueue(queue));
  expect((await Promise.all(left)).map(({ messageCount }) => messageCount)).toEqual([0, 0]);
});
