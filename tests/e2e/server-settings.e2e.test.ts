import { expect, test } from '@jest/globals';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

/** Each of these settings of a database changes the meaning of some SQL or the format of its results. */
const SETTINGS = {
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  array_nulls: 'off',
  default_transaction_isolation: 'repeatable read',
};

const suite = await openSuite({}, async ({ writeDatabaseUrl, readDatabaseUrl }) => {
  for (const url of [writeDatabaseUrl, readDatabaseUrl]) {
    await withClient(url, async (client) => {
      for (const [name, value] of Object.entries(SETTINGS))
        await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${name} = '${value}'`);
    });
  }
});

test('answers do not depend on the settings of the databases', async () => {
  const product = await suite.post('/api/products', { name: 'Lamp', category: 'Light', price: 19.7, stock: 9 });
  const { productId } = product.body;
  const order = await suite.post(
    '/api/orders',
    { customerId: 7, items: [{ productId, quantity: 2 }] },
    { 'idempotency-key': 'settings' },
  );
  expect(order.status).toBe(201);
  const again = await suite.post(
    '/api/orders',
    { customerId: 7, items: [{ productId, quantity: 2 }] },
    { 'idempotency-key': 'settings' },
  );
  expect([again.status, again.body]).toEqual([201, order.body]);
  const purchase = await suite.post('/api/purchases', {
    branchId: 'harbour',
    cashierId: 'c-1',
    posId: 'pos-1',
    receiptId: 'R-1',
    idempotencyKey: 'R-1',
    items: [{ productId, qty: 1, unitPrice: 18 }],
  });
  expect(purchase.status).toBe(201);
  const token = [order, purchase].map(({ headers }) => headers.get('consistency-token')).join(',');
  const read = async (path: string) => (await suite.get(path, { 'consistency-token': token })).body;

  expect(await read('/api/analytics/customers/7/lifetime-value')).toMatchObject({
    totalSpent: 39.4,
    lastOrderDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\d$/);
  const revenue: object[] = await read('/api/analytics/branches/harbour/revenue');
  expect(revenue).toHaveLength(30);
  expect(revenue).toContainEqual({ from: iso, to: iso, revenue: 18, items: 1, purchases: 1 });
  expect(await read('/api/analytics/sales/hourly')).toContainEqual(expect.objectContaining({ totalRevenue: 39.4 }));
  expect(JSON.stringify(await read('/api/analytics/sales/daily'))).toContain('39.4');
  expect(await read(`/api/orders/${order.body.orderId}`)).toMatchObject({ total: 39.4 });
  await eventually(async () =>
    expect(await read('/api/analytics/sync-status')).toMatchObject({
      status: 'in-sync',
      completeUpTo: expect.any(String),
    }),
  );
  expect(await runCommand(suite, 'verify')).toMatchObject({ code: 0 });
  expect(await runCommand(suite, 'rebuild')).toMatchObject({ code: 0 });
});
