import { expect, test } from '@jest/globals';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/eventually';
import { spawnService } from '@tallyline/local/service-process';
import { createTestDatabases, createTestVhost } from '@tallyline/local/test-databases';
import { type Channel, connect } from 'amqplib';
import { call, openSuite } from '../setup/suite.js';

const suite = await openSuite();

async function atBroker<T>(brokerUrl: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(brokerUrl);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    return await work(channel);
  } finally {
    await connection.close();
  }
}

const orderOne = async () => {
  const { body } = await suite.post('/api/products', { name: 'Pin', category: 'Office', price: 1, stock: 10 });
  const placed = await suite.post('/api/orders', {
    customerId: 3,
    items: [{ productId: body.productId, quantity: 1 }],
  });
  expect(placed.status).toBe(201);
};

test.each(['order-events', 'product-events', 'watermarks'])(
  'queue %s deleted: its consumer is cancelled, the topology is asserted again, and orders are counted',
  async (queue) => {
    await atBroker(suite.brokerUrl, (channel) => channel.deleteQueue(queue));
    await eventually(() => atBroker(suite.brokerUrl, (channel) => channel.checkQueue(queue)));
    await orderOne();
    await suite.inSync(20_000);
  },
);

test('the exchange deleted: it is made again, and what was accepted meanwhile is counted', async () => {
  await atBroker(suite.brokerUrl, (channel) => channel.deleteExchange(EVENTS_EXCHANGE));
  await orderOne();
  await suite.inSync(20_000);
});

test.each(['command-service', 'consumer-service'] as const)(
  '%s meets a queue that was declared otherwise: it says which, and exits with 1',
  async (name) => {
    const [databases, vhost] = await Promise.all([createTestDatabases(), createTestVhost()]);
    await atBroker(vhost.brokerUrl, (channel) => channel.assertQueue('order-events', { durable: true }));
    // The broker may refuse before the service listens.
    const service = spawnService(name, {
      WRITE_DATABASE_URL: databases.writeDatabaseUrl,
      READ_DATABASE_URL: databases.readDatabaseUrl,
      BROKER_URL: vhost.brokerUrl,
    });
    expect(await service.ended).toBe(1);
    const last = service.log.at(-1)?.msg;
    expect(last).toContain('another topology');
    expect(last).toContain('order-events');
    await Promise.all([databases.drop(), vhost.drop()]);
  },
);

test('a consumer that is not subscribed is not ready, and says why; it is alive', async () => {
  const lonely = await suite.start('consumer-service', { BROKER_URL: 'amqp://guest:guest@127.0.0.1:9' });
  const ready = await call(`${lonely.url}/health/ready`, {});
  expect([ready.status, ready.body.checks.subscription.status]).toEqual([503, 'down']);
  expect((await call(`${lonely.url}/health/live`, {})).status).toBe(200);
  expect(await lonely.stop()).toBe(0);
});
