import { afterAll, expect, test } from '@jest/globals';
import { prepareDatabase } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { startTemporaryPostgres } from '@tallyline/local/testing/temporary-servers';
import { createProducts } from '../setup/order-flow.js';
import { openSuite } from '../setup/suite.js';
import { expectViewsEqualOrders } from '../setup/views-equal-orders.js';

// These servers are killed, so they need durable commits. The shared test servers run without them to be faster.
const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
const [write, read] = await Promise.all([startTemporaryPostgres(durable), startTemporaryPostgres(durable)]);
await prepareDatabase(write.url('postgres'), 'write');
await prepareDatabase(read.url('postgres'), 'read');
const suite = await openSuite({ WRITE_DATABASE_URL: write.url('postgres'), READ_DATABASE_URL: read.url('postgres') });
afterAll(async () => void (await Promise.all([write.stop(), read.stop()])));

const orderOf = (product: number | undefined) => ({ customerId: 3, items: [{ productId: product, quantity: 1 }] });

test('answers 503 with Retry-After at once while the write database is down, and stores nothing', async () => {
  const [product] = await createProducts(suite, 1);
  await write.kill();
  const startedAt = performance.now();
  const answer = await suite.post('/api/orders', orderOf(product));
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|127\.0\.0\.1|postgres/);
  expect((await fetch(`${suite.command.url}/health/ready`)).status).toBe(503);
  expect((await fetch(`${suite.command.url}/health/live`)).status).toBe(200);

  await write.restart();
  const placed = await eventually(async () => {
    const again = await suite.post('/api/orders', orderOf(product));
    expect(again.status).toBe(201);
    return again;
  });
  await suite.inSync(20_000);
  await expectViewsEqualOrders(suite, [placed.body.orderId]);
});

test('accepts orders while the read database is down, and the views catch up without a dead letter', async () => {
  const [product] = await createProducts(suite, 1);
  await suite.inSync(20_000);
  await read.kill();
  const accepted: number[] = [];
  for (let n = 0; n < 30; n += 1) accepted.push((await suite.post('/api/orders', orderOf(product))).body.orderId);
  expect((await suite.get(`/api/analytics/products/${product}/sales`)).status).toBe(503);
  expect((await suite.get('/api/analytics/sync-status')).status).toBe(503);

  await read.restart();
  await suite.inSync(20_000);
  await expectViewsEqualOrders(suite, accepted);
  expect((await suite.read.query('SELECT * FROM dead_letters')).rows).toEqual([]);
  const warnings = suite.consumer.log.filter(({ level, msg }) => level >= 40 && msg.startsWith('consumer'));
  expect(warnings.length).toBeLessThanOrEqual(1);
});
