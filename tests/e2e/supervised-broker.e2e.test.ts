import { expect, test } from '@jest/globals';
import { DEAD_LETTER_EXCHANGE, EVENTS_EXCHANGE, topology } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestDatabases, createTestVhost, openTestPool } from '@tallyline/local/testing/test-databases';
import type { Channel } from 'amqplib';
import { BROKEN_JSON } from '../faults/load/bad-messages.js';
import { withChannel } from '../faults/world/broker-access.js';
import { call, openSuite, post } from '../setup/suite.js';

const suite = await openSuite();

/** The consumer tries a bad message again 10 s after its dead-letter queue was missing. */
const RETRIED_WITHIN_MS = 25_000;

const orderOne = async () => {
  const { body } = await suite.post('/api/products', { name: 'Pin', category: 'Office', price: 1, stock: 10 });
  const placed = await suite.post('/api/orders', {
    customerId: 3,
    items: [{ productId: body.productId, quantity: 1 }],
  });
  expect(placed.status).toBe(201);
};

/** All queues of the topology, with their dead-letter queues. */
const queues = topology.queues.flatMap((queue) =>
  'deadLetterQueue' in queue ? [queue.name, queue.deadLetterQueue] : [queue.name],
);
const exchanges = [topology.exchange, topology.deadLetterExchange];

test('the services declare deleted queues and exchanges again, also while nothing is published', async () => {
  await withChannel(suite.brokerUrl, async (channel) => {
    for (const queue of queues) await channel.deleteQueue(queue);
    for (const exchange of exchanges) await channel.deleteExchange(exchange);
  });
  const isThere = async (channel: Channel) => {
    for (const queue of queues) await channel.checkQueue(queue);
    for (const exchange of exchanges) await channel.checkExchange(exchange);
  };
  await eventually(() => withChannel(suite.brokerUrl, isThere), { timeoutMs: 25_000, intervalMs: 200 });
  await orderOne();
  await suite.inSync(20_000);
}, 60_000);

test('a deleted exchange is declared again, and the orders accepted meanwhile are counted', async () => {
  await withChannel(suite.brokerUrl, (channel) => channel.deleteExchange(EVENTS_EXCHANGE));
  await orderOne();
  await suite.inSync(20_000);
});

test('removed bindings are declared again, and the orders accepted meanwhile are counted', async () => {
  await withChannel(suite.brokerUrl, async (channel) => {
    for (const { name, bindings } of topology.queues)
      for (const key of bindings) await channel.unbindQueue(name, EVENTS_EXCHANGE, key);
  });
  await orderOne();
  await suite.inSync(20_000);
});

test('a bad message waits until the deleted dead-letter exchange is declared again, and delays nothing else', async () => {
  await withChannel(suite.brokerUrl, async (channel) => {
    await channel.deleteExchange(DEAD_LETTER_EXCHANGE);
    channel.publish(EVENTS_EXCHANGE, 'order.created', Buffer.from(BROKEN_JSON), { messageId: 'broken-1' });
  });
  await orderOne();
  await suite.inSync(5_000);
  await eventually(
    async () => {
      const { messageCount } = await withChannel(suite.brokerUrl, (channel) => channel.checkQueue('order-events.dlq'));
      expect(messageCount).toBe(1);
    },
    { timeoutMs: RETRIED_WITHIN_MS },
  );
}, 60_000);

/** Declares queues with the arguments of RabbitMQ 3 and with others, and an exchange of another type. */
async function declareDifferently(brokerUrl: string): Promise<void> {
  await withChannel(brokerUrl, async (channel) => {
    await channel.assertExchange('events.dlx', 'topic', { durable: true });
    await channel.assertQueue('product-events.dlq', { arguments: { 'x-queue-type': 'quorum' } });
    await channel.assertQueue('order-events', { durable: true });
    await channel.assertQueue('purchase-events', { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 7 } });
  });
}

test('services use queues that were declared differently, and log once which they are and what to do', async () => {
  const [databases, vhost] = await Promise.all([createTestDatabases(), createTestVhost()]);
  await declareDifferently(vhost.brokerUrl);
  const env = {
    WRITE_DATABASE_URL: databases.writeDatabaseUrl,
    READ_DATABASE_URL: databases.readDatabaseUrl,
    BROKER_URL: vhost.brokerUrl,
  };
  const command = await suite.start('command-service', env);
  const consumer = await suite.start('consumer-service', env);
  const product = { name: 'Pin', category: 'Office', price: 1, stock: 10 };
  const { body } = await post(`${command.url}/api/products`, product);
  const order = { customerId: 3, items: [{ productId: body.productId, quantity: 2 }] };
  expect((await post(`${command.url}/api/orders`, order)).status).toBe(201);
  const read = openTestPool(databases.readDatabaseUrl);
  await eventually(async () => {
    const { rows } = await read.query('SELECT total_quantity_sold AS units FROM product_sales_view');
    expect(rows).toEqual([{ units: '2' }]);
  });
  const said = (log: typeof command.log) =>
    log.filter(({ msg }) => msg.startsWith('the topology at the broker differs from its declaration'));
  // Each link of a service logs this for itself, and the consumer has two links. The second may connect after the first batch.
  await eventually(() => expect([said(command.log).length, said(consumer.log).length]).toEqual([1, 2]));
  for (const { problems, msg } of [...said(command.log), ...said(consumer.log)]) {
    const named = (problems as { name: string }[]).map(({ name }) => name);
    expect(named).toEqual(['events.dlx', 'order-events', 'purchase-events']);
    expect(msg).toContain('delete it: the services declare it');
  }
  expect([await command.stop(), await consumer.stop()]).toEqual([0, 0]);
  await read.end();
  await Promise.all([databases.drop(), vhost.drop()]);
}, 60_000);

test('a consumer that is not subscribed is live but not ready, and gives the reason', async () => {
  const lonely = await suite.start('consumer-service', { BROKER_URL: 'amqp://guest:guest@127.0.0.1:9' });
  const ready = await call(`${lonely.url}/health/ready`, {});
  expect([ready.status, ready.body.checks.subscription.status]).toEqual([503, 'down']);
  expect((await call(`${lonely.url}/health/live`, {})).status).toBe(200);
  expect(await lonely.stop()).toBe(0);
});
