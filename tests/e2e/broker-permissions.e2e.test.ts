import { expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { eventually } from '@tallyline/local/testing/eventually';
import { openSuite, post } from '../setup/suite.js';

/** Users of this file, with fewer permissions than guest. */
const users = { command: `command-${process.pid}`, consumer: `consumer-${process.pid}` };
const suite = await openSuite({}, async ({ managementUrl, vhost }) => {
  for (const user of Object.values(users)) {
    await callManagement(managementUrl, 'PUT', `/api/users/${user}`, { password: 'secret', tags: '' });
    const all = { configure: '.*', write: '.*', read: '.*' };
    await callManagement(managementUrl, 'PUT', `/api/permissions/${vhost}/${user}`, all);
  }
});
const asUser = (username: string) => Object.assign(new URL(suite.brokerUrl), { username, password: 'secret' }).href;
const mayPublish = (write: string) =>
  callManagement(suite.managementUrl, 'PUT', `/api/topic-permissions/${suite.vhost}/${users.command}`, {
    exchange: 'events',
    write,
    read: '.*',
  });
const mayDo = (user: string, permissions: object) =>
  callManagement(suite.managementUrl, 'PUT', `/api/permissions/${suite.vhost}/${user}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
    ...permissions,
  });

/** Creates a product at the command-service with this URL and returns its id. */
async function addProduct(url: string): Promise<number> {
  const product = { name: 'Lamp', category: 'Light', price: 1, stock: 1_000 };
  return (await post(`${url}/api/products`, product)).body.productId;
}

test('events of a topic that the broker denies wait in the outbox, are named in the log, and are published when the topic is allowed', async () => {
  await suite.command.kill();
  await mayPublish('^(product|order|watermark)');
  const command = await suite.start('command-service', { BROKER_URL: asUser(users.command) });
  const productId = await addProduct(command.url);
  const send = async (path: string, body: object) => (await post(`${command.url}${path}`, body)).status;
  const purchase = (receiptId: string) => ({
    branchId: 'harbour',
    cashierId: 'c-1',
    posId: 'pos-1',
    receiptId,
    idempotencyKey: receiptId,
    items: [{ productId, qty: 1, unitPrice: 1 }],
  });
  const waiting = async () => {
    const { rows } = await suite.write.query(
      'SELECT topic, count(*)::int AS n FROM outbox WHERE published_at IS NULL GROUP BY 1',
    );
    return rows;
  };
  expect(await send('/api/purchases', purchase('R-1'))).toBe(201);
  for (let n = 0; n < 100; n += 1) {
    expect(await send('/api/orders', { customerId: n + 1, items: [{ productId, quantity: 1 }] })).toBe(201);
    if (n === 50) expect(await send('/api/purchases', purchase('R-2'))).toBe(201);
  }
  await eventually(async () => expect(await waiting()).toEqual([{ topic: 'purchase.created', n: 2 }]));
  await eventually(async () => {
    const { rows } = await suite.read.query('SELECT order_count AS orders FROM product_sales_view');
    expect(rows).toEqual([{ orders: '100' }]);
  });
  expect(command.log.filter(({ msg }) => msg === 'broker connected')).toHaveLength(1);
  const named = command.log.filter(({ level, topic }) => level >= 50 && topic === 'purchase.created');
  expect(named.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(
      /^events of "purchase.created" wait in the outbox: the broker rejects them: ACCESS_REFUSED - (write )?access to topic/,
    ),
  ]);

  await mayPublish('.*');
  await suite.inSync(40_000);
}, 90_000);

test('command-service publishes events although it may not read replay requests', async () => {
  await mayDo(users.command, { read: '^events' });
  const command = await suite.start('command-service', { BROKER_URL: asUser(users.command) });
  await addProduct(command.url);
  await suite.inSync(20_000);
  await eventually(() =>
    expect(command.log.map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/^replay requests cannot be read/)),
  );
  await command.stop();
}, 60_000);

test('consumer-service consumes the other queues when it may not read one, and names that one', async () => {
  await suite.consumer.kill();
  await mayDo(users.consumer, { read: '^(product-events|order-events|watermarks|events)' });
  const consumer = await suite.start('consumer-service', { BROKER_URL: asUser(users.consumer) });
  const command = await suite.start('command-service');
  await addProduct(command.url);
  await suite.inSync(20_000);
  expect(consumer.log).toContainEqual(
    expect.objectContaining({
      msg: 'a queue cannot be consumed and is left out; let the broker user read it',
      queue: 'purchase-events',
    }),
  );
}, 60_000);

test('consumer-service uses the existing topology when it may not declare one', async () => {
  await mayDo(users.consumer, { configure: '^$', write: '^events' });
  const consumer = await suite.start('consumer-service', { BROKER_URL: asUser(users.consumer) });
  await eventually(async () => expect((await fetch(`${consumer.url}/health/ready`)).status).toBe(200));
  expect(consumer.log.filter(({ level }) => level >= 50)).toEqual([]);
}, 60_000);
