import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { viewTables } from '../../consumer-service/src/projections/index.js';
import { createProducts, startOrderFlow } from '../setup/order-flow.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const MONTH = '2026-01';

const suite = await openSuite();
let lake: string;
let before: unknown;
beforeAll(async () => {
  lake = await mkdtemp(join(tmpdir(), 'tallyline-lake-'));
  const products = await createProducts(suite, 4);
  for (let n = 0; n < 40; n += 1) await record(n, products);
  await suite.inSync();
  before = await rowsOfViews();
});
afterAll(() => rm(lake, { recursive: true, force: true }));

const customers: string[] = [];

async function record(n: number, products: readonly number[]): Promise<void> {
  const order = { customerId: 1 + (n % 5), items: [{ productId: products[n % 4], quantity: 1 + (n % 3) }] };
  expect((await suite.post('/api/orders', order)).status).toBe(201);
  const { status, body } = await suite.post('/api/purchases', {
    branchId: ['downtown', 'harbour', 'uptown'][n % 3],
    cashierId: 'c-1',
    posId: 'p-1',
    receiptId: `R-${n}`,
    idempotencyKey: `till-${n}`,
    userId: customers[n % 7],
    items: [0, 1].map((more) => ({
      productId: products[(n + more) % 4],
      qty: 1,
      unitPrice: (10 + 100 * n + more) / 100,
    })),
  });
  expect(status).toBe(201);
  if (customers.length < 7) customers.push(body.userId);
}

async function rowsOfViews(): Promise<unknown> {
  const rows = viewTables.map(async (view) => {
    const found = await suite.read.query(`SELECT v::text AS row FROM ${view} v ORDER BY 1`);
    return [view, found.rows.map(({ row }) => row)];
  });
  return Object.fromEntries(await Promise.all(rows));
}

async function expectRun(expected: [code: number, text: RegExp], ...[name, ...args]: Command): Promise<void> {
  const { code, stdout, stderr } = await runCommand(suite, name, ...args);
  expect([code, stdout + stderr]).toEqual([expected[0], expect.stringMatching(expected[1])]);
}
type Command = [name: Parameters<typeof runCommand>[1], ...args: string[]];

/** Moves the events of this test into a month that is over. */
async function moveEventsToClosedMonth(): Promise<void> {
  await suite.read.query(`
    CREATE TABLE event_archive_2026_01 PARTITION OF event_archive
      FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
    UPDATE event_archive SET received_at = '2026-01-15 12:00+00'`);
}

test('a rebuild from the archive gives equal views', async () => {
  await expectRun([0, /equal to the live views/], 'rebuild');
  expect(await rowsOfViews()).toEqual(before);
});

test('a rebuild from restored Parquet files gives views that are equal to the cent', async () => {
  await moveEventsToClosedMonth();
  await expectRun([0, /2026-01: 84 events written/], 'archive', 'export', '--dir', lake);
  await expectRun([0, /1 month\(s\) verified/], 'archive', 'verify', '--dir', lake);
  await expectRun([0, /84 events dropped/], 'archive', 'drop', '--dir', lake, '--month', MONTH);
  await expectRun([2, /the events of 2026-01 are in the data lake/], 'rebuild', '--accept');

  await suite.read.query(`TRUNCATE ${viewTables.join(', ')}`);
  await expectRun([0, /84 events are back/], 'archive', 'restore', '--dir', lake);
  const replaced = new RegExp(`Rebuilt from 84 events: \\d+ row\\(s\\) of ${viewTables.length} view\\(s\\) replaced`);
  await expectRun([0, replaced], 'rebuild', '--accept');
  expect(await rowsOfViews()).toEqual(before);
  await expectRun([0, /Equal to the cent/], 'verify');
});

test('orders are accepted and verify works while a month is only in the lake', async () => {
  await expectRun([0, /dropped/], 'archive', 'drop', '--dir', lake, '--month', MONTH);
  const flow = startOrderFlow(suite, await createProducts(suite, 1));
  await expectRun([0, /1 month\(s\) verified/], 'archive', 'verify', '--dir', lake);
  await flow.end();
  await suite.inSync();
  await expectRun([0, /Equal to the cent/], 'verify');
});
