import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { views } from '../../consumer-service/src/projections/index.js';
import { createProducts } from '../setup/order-flow.js';
import { openSuite } from '../setup/suite.js';

/** Most loops of every service run several times in this time, which shows the functions that run without an order. */
const IDLE_WINDOW_MS = 4_000;
/** The slowest loop runs every 10 s. No order is counted before it has run in an idle window. */
const SLOWEST_LOOP = 'parked-events/apply-parked';
/** This limit may be lowered and must not be raised: a newcomer who follows an order has to read these files. */
const MAX_FILES_BESIDE_VIEWS = 50;
/** Each view of orders adds one file, its declaration. */
const orderViews = views.filter(({ folds }) => folds.OrderCreated !== undefined).length;
const maxFiles = MAX_FILES_BESIDE_VIEWS + orderViews;

const root = fileURLToPath(new URL('../../', import.meta.url));
const coverageDir = mkdtempSync(join(tmpdir(), 'tallyline-coverage-'));
afterAll(() => rmSync(coverageDir, { recursive: true, force: true }));
const suite = await openSuite({
  NODE_OPTIONS: `--import ${fileURLToPath(new URL('../setup/record-coverage.mjs', import.meta.url))}`,
  COVERAGE_DIR: coverageDir,
});

const services = [suite.command, suite.consumer, suite.query];
let taken = 0;

/** Returns `file function` for each function that ran in a service since the last call. */
async function functionsRun(): Promise<Set<string>> {
  taken += 1;
  for (const service of services) service.signal('SIGUSR2');
  const files = services.map(({ pid }) => join(coverageDir, `${pid}-${taken}.json`));
  await eventually(async () => expect(files.filter((file) => !existsSync(file))).toEqual([]));
  const ran = files.flatMap((file): { url: string; function: string }[] => JSON.parse(readFileSync(file, 'utf8')));
  return new Set(ran.map(({ url, function: name }) => `${relative(root, fileURLToPath(url))} ${name}`));
}

test('docs/architecture.md names every file that one order runs, and there are at most 50 beside the views', async () => {
  const [product] = await createProducts(suite, 1);
  const orderOne = async () => {
    const order = { customerId: 3, items: [{ productId: product, quantity: 1 }] };
    const { body, headers } = await suite.post('/api/orders', order, { 'idempotency-key': `key-${taken}` });
    const token = headers.get('consistency-token') ?? '';
    expect((await suite.get(`/api/orders/${body.orderId}`, { 'consistency-token': token })).status).toBe(200);
    await suite.inSync();
  };
  const idle = new Set<string>();
  while (![...idle].some((one) => one.includes(SLOWEST_LOOP))) {
    // An order in between keeps the services' connections open.
    await orderOne();
    await functionsRun();
    await delay(IDLE_WINDOW_MS);
    for (const one of await functionsRun()) idle.add(one);
  }
  await orderOne();
  const withOrder = await functionsRun();
  const files = new Set([...withOrder].filter((one) => !idle.has(one)).map((one) => one.split(' ')[0] as string));
  const sources = [...files].map((file) => file.replace('/dist/', '/src/').replace(/\.js$/, '.ts')).sort();
  const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  expect(sources.filter((file) => !architecture.includes(file))).toEqual([]);
  expect(sources.length).toBeLessThanOrEqual(maxFiles);
}, 60_000);
