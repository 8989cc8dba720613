import { Agent, type ClientRequest, get, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { openSuite } from '../setup/suite.js';

const PAGES = 200;
const CLIENTS = 16;
const MEASURE_MS = 4_000;
const PAIRS = 5;

const suite = await openSuite();
let productId: number;
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

beforeAll(async () => {
  const product = { name: 'Lamp', category: 'Light', price: 20, stock: 2_000_000_000 };
  productId = (await suite.post('/api/products', product)).body.productId;
});
afterAll(() => agent.destroy());

function placeOrder(customerId: number): Promise<number> {
  const body = JSON.stringify({ customerId, items: [{ productId, quantity: 1 }] });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const call = request(`${suite.command.url}/api/orders`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', reject).end(body);
  });
}

async function ordersPerSecond(): Promise<number> {
  const until = performance.now() + MEASURE_MS;
  let placed = 0;
  const client = async () => {
    while (performance.now() < until) {
      expect(await placeOrder(1 + (placed % 500))).toBe(201);
      placed += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (placed * 1_000) / MEASURE_MS;
}

async function openPages(): Promise<{ received: () => number; close(): void }> {
  let bytes = 0;
  let open = 0;
  const streams = Array.from({ length: PAGES }, (): ClientRequest => {
    const stream = get(`${suite.query.url}/api/analytics/stream`, (response) => {
      open += 1;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('error', () => undefined);
    });
    return stream.on('error', () => undefined);
  });
  await eventually(() => expect(open).toBe(PAGES));
  return {
    received: () => bytes,
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function statementsInTwoSeconds(): Promise<number> {
  const count = async () => {
    const { rows } = await suite.read.query(
      'SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    return Number(rows[0].n);
  };
  const before = await count();
  await delay(2_000);
  return (await count()) - before;
}

test(`${PAGES} open pages cause as many statements as one`, async () => {
  const one = get(`${suite.query.url}/api/analytics/stream`, (response) => response.resume()).on(
    'error',
    () => undefined,
  );
  await delay(2_000);
  const forOne = await statementsInTwoSeconds();
  const pages = await openPages();
  await delay(2_000);
  const forAll = await statementsInTwoSeconds();
  process.stdout.write(`statements in 2 s: ${forOne} for one page, ${forAll} for ${PAGES + 1}\n`);
  expect(forAll).toBeLessThan(forOne * 1.5 + 20);
  pages.close();
  one.destroy();
});

test(`orders keep at least 90 % of their rate while ${PAGES} pages are open`, async () => {
  await ordersPerSecond(); // This round warms up the services.
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const alone = await ordersPerSecond();
    const pages = await openPages();
    const watched = await ordersPerSecond();
    expect(pages.received()).toBeGreaterThan(PAGES * 1_000);
    pages.close();
    ratios.push(watched / alone);
    process.stdout.write(`${Math.round(alone)}/s alone, ${Math.round(watched)}/s watched by ${PAGES} pages\n`);
  }
  process.stdout.write(`median ratio ${median(ratios).toFixed(3)}\n`);
  expect(median(ratios)).toBeGreaterThan(0.9);
}, 180_000);
