import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import type { ServiceProcess } from '@tallyline/local/testing/service-process';
import { connect, type GetMessage } from 'amqplib';
import { createProducts } from '../setup/order-flow.js';
import { post } from '../setup/suite.js';
import { openSuiteOnOwnBroker } from '../setup/suite-on-own-broker.js';
import { expectViewsEqualOrders } from '../setup/views-equal-orders.js';

/** A stop waits up to 5 s for a broker that may still answer. While the broker takes no publishes, it must not wait that long. */
const STOP_TIMEOUT_MS = 5_000;
/** The prefetch is 2,000 messages, so this many need acknowledgements in between. */
const MORE_THAN_PREFETCHED = 2_300;
const accepted: number[] = [];
const { broker, suite } = await openSuiteOnOwnBroker();
/** The consumer that is running now. */
let consumer: ServiceProcess = suite.consumer;

const status = async () => (await suite.get('/api/analytics/sync-status')).body;

/** RabbitMQ saves its list of quorum queues every 500 ms, and a queue that is not in it does not survive a SIGKILL. */
async function newQueuesAreSaved(): Promise<void> {
  const measuredAt = async () =>
    Date.parse((await suite.read.query('SELECT measured_at FROM sync_state')).rows[0].measured_at);
  const from = await measuredAt();
  await eventually(async () => expect(await measuredAt()).toBeGreaterThan(from + 1_500));
}

test('orders are answered 201 and the lag grows while the broker is down; all orders arrive once when it is back', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync();
  await eventually(async () => expect((await status()).status).toBe('in-sync'));

  await newQueuesAreSaved();
  const stoppedAt = performance.now();
  await broker.kill();
  for (let n = 0; n < 20; n += 1) {
    const answer = await suite.post('/api/orders', { customerId: 1, items: [{ productId: product, quantity: 1 }] });
    expect(answer.status).toBe(201);
    accepted.push(answer.body.orderId);
  }
  expect((await fetch(`${suite.command.url}/health/ready`)).status).toBe(200);
  await eventually(async () => expect((await status()).status).toBe('stale'));
  // A second later, the lag must be a second more. No other test measures time like this.
  const first = await status();
  await delay(1_000);
  const second = await status();
  expect(second.lagSeconds - first.lagSeconds).toBeGreaterThan(0.9);
  expect(second.lagSeconds - first.lagSeconds).toBeLessThan(1.5);
  expect(second.lagSeconds).toBeLessThan((performance.now() - stoppedAt) / 1000 + 3);
  expect((await fetch(`${suite.consumer.url}/health/ready`)).status).toBe(503);

  await broker.restart();
  await suite.inSync(60_000);
  await eventually(async () => expect(await status()).toMatchObject({ status: 'in-sync', lagSeconds: 0 }));
  await expectViewsEqualOrders(suite, accepted);
  const warnings = suite.command.log.filter(({ level, msg }) => level >= 40 && msg.startsWith('broker'));
  expect(warnings.map(({ reason }) => reason)).toContain('nothing listens at its address');
  expect(new Set(warnings.map(({ error }) => error)).size).toBe(warnings.length);
}, 120_000);

test('command-service stops at once while the broker takes no publishes, and its orders arrive once', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync();
  const copy = await suite.start('command-service');
  const order = async () => {
    const answer = await post(`${copy.url}/api/orders`, {
      customerId: 1,
      items: [{ productId: product, quantity: 1 }],
    });
    expect(answer.status).toBe(201);
    accepted.push(answer.body.orderId);
  };
  // The broker reports its alarm when it gets a publish, so there must be one.
  await order();
  await broker.control('set_vm_memory_high_watermark', '0.00001');
  try {
    await eventually(async () => {
      await order();
      expect(copy.log.map(({ msg }) => msg)).toContain('broker blocks publishing until its alarm clears');
    });
    for (let n = 0; n < 20; n += 1) await order();
    const stoppedAt = performance.now();
    expect(await copy.stop()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_TIMEOUT_MS);
  } finally {
    await broker.control('set_vm_memory_high_watermark', '0.4');
  }
  await suite.inSync(60_000);
  await expectViewsEqualOrders(suite, accepted);
}, 120_000);

test('/metrics counts the waiting events while the broker takes no publishes, not even watermarks', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync();
  const blocked = () => suite.command.log.filter(({ msg }) => msg.startsWith('broker blocks publishing')).length;
  const before = blocked();
  await broker.control('set_vm_memory_high_watermark', '0.00001');
  try {
    await eventually(() => expect(blocked()).toBe(before + 1));
    const answer = await suite.post('/api/orders', { customerId: 1, items: [{ productId: product, quantity: 1 }] });
    accepted.push(answer.body.orderId);
    await eventually(
      async () => {
        const metrics = await (await fetch(`${suite.command.url}/metrics`)).text();
        expect(metrics).toMatch(/^tallyline_outbox_waiting_events 1$/m);
      },
      { timeoutMs: 15_000 },
    );
  } finally {
    await broker.control('set_vm_memory_high_watermark', '0.4');
  }
  await suite.inSync(60_000);
}, 120_000);

test('consumer-service stops at once while the broker takes no publishes, and its dead letter arrives later', async () => {
  await consumer.stop();
  const model = await connect(broker.brokerUrl);
  const channel = await model.createConfirmChannel();
  channel.publish('events', 'order.created', Buffer.from('hello'), { persistent: true });
  await channel.waitForConfirms();
  await broker.control('set_vm_memory_high_watermark', '0.00001');
  try {
    consumer = await suite.start('consumer-service');
    await eventually(() =>
      expect(consumer.log.map(({ msg }) => msg)).toContain('broker blocks publishing until its alarm clears'),
    );
    const stoppedAt = performance.now();
    expect(await consumer.stop()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_TIMEOUT_MS);
  } finally {
    await broker.control('set_vm_memory_high_watermark', '0.4');
  }
  consumer = await suite.start('consumer-service');
  // There may be two copies, because the stopped consumer did not learn whether the broker stored the first one.
  await eventually(async () =>
    expect(await channel.get('order-events.dlq')).toMatchObject({ content: Buffer.from('hello') }),
  );
  await model.close();
}, 120_000);

test('applies what the queues hold while the broker takes no publishes, and leaves dead-lettering to the broker', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync();
  await consumer.stop();
  const sender = await connect(broker.brokerUrl);
  const channel = await sender.createConfirmChannel();
  // The broker takes the first publish of a connection before it stops reading.
  const badMessages = ['not taken', 'not taken either'].map((body) => Buffer.from(body));
  for (const body of badMessages) channel.publish('events', 'order.created', body, { persistent: true });
  await channel.waitForConfirms();
  const order = async () => {
    const body = { customerId: 3, items: [{ productId: product, quantity: 1 }] };
    accepted.push((await suite.post('/api/orders', body)).body.orderId);
  };
  for (let n = 0; n < MORE_THAN_PREFETCHED; n += 100) await Promise.all(Array.from({ length: 100 }, order));
  await eventually(async () => {
    const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL');
    expect(rows[0].n).toBe(0);
  });
  await broker.control('set_vm_memory_high_watermark', '0.00001');
  const reader = await connect(broker.brokerUrl);
  try {
    consumer = await suite.start('consumer-service');
    await eventually(() => expectViewsEqualOrders(suite, accepted), { timeoutMs: 20_000 });
    const look = await reader.createChannel();
    const deadLetters: GetMessage[] = [];
    await eventually(async () => {
      const message = await look.get('order-events.dlq', { noAck: true });
      if (message) deadLetters.push(message);
      expect(deadLetters.map(({ content }) => content)).toEqual(expect.arrayContaining(badMessages));
    });
    const reasons = deadLetters.map(({ properties }) => properties.headers?.['x-first-death-reason']);
    expect(reasons).toContain('rejected');
    expect(await consumer.stop()).toBe(0);
    expect(await look.checkQueue('order-events')).toMatchObject({ messageCount: 0 });
  } finally {
    await broker.control('set_vm_memory_high_watermark', '0.4');
    await Promise.all([sender.close(), reader.close()]);
  }
  consumer = await suite.start('consumer-service');
  await suite.inSync();
}, 120_000);

test('a queue without a leader delays only its own events', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync();
  const server = "quorum_queues, {'%2F_purchase-events', node()}";
  await broker.control('eval', `ra:stop_server(${server}).`);
  const purchase = {
    branchId: 'downtown',
    cashierId: 'c',
    posId: 'p',
    receiptId: 'r',
    idempotencyKey: '2f1c7a52-6f0e-4c43-9f5e-0d3c1d7f6a11',
    items: [{ productId: product, qty: 1, unitPrice: 0.99 }],
  };
  expect((await suite.post('/api/purchases', purchase)).status).toBe(201);
  // Without retry_at the event belongs to the relay, as if its writer had died.
  await suite.write.query("UPDATE outbox SET retry_at = NULL WHERE topic = 'purchase.created'");
  const answer = await suite.post('/api/orders', { customerId: 2, items: [{ productId: product, quantity: 1 }] });
  accepted.push(answer.body.orderId);
  const left = `UPDATE outbox SET published_at = NULL WHERE topic = 'order.created' AND (payload ->> 'orderId')::bigint = $1`;
  await eventually(async () =>
    expect((await suite.write.query(`${left} AND published_at < now()`, [answer.body.orderId])).rowCount).toBe(1),
  );
  await eventually(
    async () => {
      const waiting = await suite.write.query('SELECT DISTINCT topic FROM outbox WHERE published_at IS NULL');
      expect(waiting.rows).toEqual([{ topic: 'purchase.created' }]);
    },
    { timeoutMs: 30_000 },
  );
  await broker.control('eval', `ra:restart_server(${server}).`);
  await suite.inSync(60_000);
  await expectViewsEqualOrders(suite, accepted);
}, 120_000);
