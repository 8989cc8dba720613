import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildHttpApp } from '@tallyline/chassis/http/app';
import type { Pool } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createMetrics } from '@tallyline/chassis/process/metrics';
import { openSuite, post } from '../../../tests/setup/suite.js';
import { createTestPool } from '../../../tests/setup/test-database.js';
import { api } from '../app.js';
import { leaveToRelay } from '../outbox/emit.js';
import type { EventTime } from '../outbox/event-time.sql.js';
import { recordPurchaseRoutes } from './record-purchase.route.js';

/** The running suite, and a second server with the purchase routes, whose clock the tests set. Only the clock is faked. */
const suite = await openSuite();
let pool: Pool;
let server: Server;
let url: string;
let now: EventTime;
let productId: number;

beforeAll(async () => {
  const log = createLogger('test', 'silent', 'json');
  pool = createTestPool(suite.writeDatabaseUrl);
  const clock = async () => now;
  const app = buildHttpApp({
    api,
    log,
    metrics: createMetrics('test'),
    health: { required: {} },
    routes: recordPurchaseRoutes(leaveToRelay(pool), clock),
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const product = { name: 'Milk', category: 'Dairy', price: 1, stock: 0 };
  productId = (await suite.post('/api/products', product)).body.productId;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await pool.end();
});

/** Each purchase of a test has another power of two as its price, so that a sum shows which purchases are in it. */
async function buy(branchId: string, instant: string, unitPrice: number): Promise<void> {
  now = new Date(instant) as EventTime;
  const receipt = randomUUID();
  const ids = { branchId, cashierId: 'c', posId: 'p', receiptId: receipt, idempotencyKey: receipt };
  const { status } = await post(`${url}/api/purchases`, { ...ids, items: [{ productId, qty: 1, unitPrice }] });
  expect(status).toBe(201);
}

async function revenue(branch: string, query: string): Promise<Record<string, number>> {
  const { body } = await suite.get(`/api/analytics/branches/${branch}/revenue?${query}`);
  return Object.fromEntries(body.map((row: { from: string; revenue: number }) => [row.from, row.revenue]));
}

test('counts purchases at 23:59:59 and 00:00:00 local time on the right day on daylight-saving days', async () => {
  await buy('downtown', '2026-03-28T22:59:59Z', 1);
  await buy('downtown', '2026-03-28T23:00:00Z', 2);
  await buy('downtown', '2026-03-29T21:59:59Z', 4);
  await buy('downtown', '2026-03-29T22:00:00Z', 8);
  await buy('downtown', '2026-10-24T21:59:59Z', 16);
  await buy('downtown', '2026-10-24T22:00:00Z', 32);
  await buy('downtown', '2026-10-25T22:59:59Z', 64);
  await buy('downtown', '2026-10-25T23:00:00Z', 128);
  await buy('uptown', '2026-11-01T03:59:59Z', 1);
  await buy('uptown', '2026-11-01T04:00:00Z', 2);
  await buy('uptown', '2026-11-02T04:59:59Z', 4);
  await buy('uptown', '2026-11-02T05:00:00Z', 8);
  await suite.inSync();
  expect(await revenue('downtown', 'from=2026-03-28&to=2026-03-30')).toEqual({
    '2026-03-28': 1,
    '2026-03-29': 6,
    '2026-03-30': 8,
  });
  expect(await revenue('downtown', 'from=2026-10-24&to=2026-10-26')).toEqual({
    '2026-10-24': 16,
    '2026-10-25': 96,
    '2026-10-26': 128,
  });
  expect(await revenue('uptown', 'from=2026-10-31&to=2026-11-02')).toEqual({
    '2026-10-31': 1,
    '2026-11-01': 6,
    '2026-11-02': 8,
  });
  const unique = await suite.get('/api/analytics/branches/downtown/unique-customers?from=2026-10-24&to=2026-10-26');
  expect(unique.body.map((row: { uniqueCustomers: number }) => row.uniqueCustomers)).toEqual([1, 2, 1]);
});

test('ISO week 53 of 2026 is from 28 December to 3 January, and weeks and months without sales are zero', async () => {
  await buy('harbour', '2026-12-27T23:59:59Z', 1);
  await buy('harbour', '2026-12-28T00:00:00Z', 2);
  await buy('harbour', '2026-12-31T23:59:59Z', 4);
  await buy('harbour', '2027-01-01T00:00:00Z', 8);
  await buy('harbour', '2027-01-03T23:59:59Z', 16);
  await buy('harbour', '2027-01-04T00:00:00Z', 32);
  await suite.inSync();
  expect(await revenue('harbour', 'interval=week&from=2026-12-15&to=2027-01-04')).toEqual({
    '2026-12-14': 0,
    '2026-12-21': 1,
    '2026-12-28': 30,
    '2027-01-04': 32,
  });
  expect(await revenue('harbour', 'interval=month&from=2026-11-30&to=2027-01-01')).toEqual({
    '2026-11-01': 0,
    '2026-12-01': 7,
    '2027-01-01': 56,
  });
  for (const date of ['2026-12-28', '2027-01-03']) {
    const top = await suite.get(`/api/analytics/branches/harbour/top-products?period=week&date=${date}`);
    expect(top.body).toMatchObject({ from: '2026-12-28', to: '2027-01-03', week: '2026-W53' });
    expect(top.body.byUnits).toEqual([{ productId, name: 'Milk', units: 4, revenue: 30 }]);
  }
  const side = (await suite.get('/api/analytics/branches?date=2027-01-04')).body[1];
  expect(side).toMatchObject({ branchId: 'harbour', revenue: 32, weekBefore: { day: '2026-12-28', revenue: 2 } });
});
