import { get as httpGet, type IncomingMessage } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { assertDocumented } from '../setup/documented.js';
import { hourIn } from '../setup/hour-in.js';
import { openSuite } from '../setup/suite.js';

/** The offset of each zone has quarters of an hour. The test takes the zone whose day does not end while it runs. */
const timeZone = hourIn('Asia/Kathmandu') === 23 ? 'Pacific/Chatham' : 'Asia/Kathmandu';

const suite = await openSuite({ SHOP_TIME_ZONE: timeZone });
let productId: number;
beforeAll(async () => {
  const product = { name: 'Lamp', category: 'Light', price: 20, stock: 1_000 };
  productId = (await suite.post('/api/products', product)).body.productId;
});

// biome-ignore lint/suspicious/noExplicitAny: each test asserts the shape of an event's data
type ReceivedEvents = Map<string, any[]>;

async function listen(): Promise<{ received: ReceivedEvents; ended: Promise<void>; close(): void }> {
  const received: ReceivedEvents = new Map();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpGet(`${suite.query.url}/api/analytics/stream`, resolve).on('error', reject);
  });
  expect(response.headers['content-type']).toContain('text/event-stream');
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, name, data] = /event: (\w+)\ndata: (.*)/.exec(text.slice(0, end)) ?? [];
      if (name && data) received.set(name, [...(received.get(name) ?? []), JSON.parse(data)]);
      text = text.slice(end + 2);
    }
  });
  response.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => response.on('close', resolve));
  return { received, ended, close: () => response.destroy() };
}

test('the stream sends all parts first and then changed ones, as documented', async () => {
  const { received, close } = await listen();
  await eventually(() =>
    expect([...received.keys()].sort()).toEqual(['branches', 'days', 'freshness', 'today', 'top']),
  );
  const countBefore = received.get('today')?.length ?? 0;
  await suite.post('/api/orders', { customerId: 1, items: [{ productId, quantity: 2 }] });
  await eventually(() => expect(received.get('today')?.at(-1)?.today.revenue).toBe(40), { timeoutMs: 2_000 });
  await eventually(() => expect(received.get('top')?.at(-1)?.products[0]?.name).toBe('Lamp'));
  expect((received.get('today')?.length ?? 0) - countBefore).toBeLessThanOrEqual(2);
  const headers = new Headers({ 'content-type': 'text/event-stream' });
  for (const [name, events] of received) {
    const body = { [name]: events.at(-1) };
    assertDocumented('GET', `${suite.query.url}/api/analytics/stream`, { status: 200, headers, body });
  }
  close();
});

test('the routes of the page answer the same numbers, in days of the shop', async () => {
  await suite.post('/api/orders', { customerId: 2, items: [{ productId, quantity: 1 }] });
  await suite.inSync();
  await eventually(async () => {
    const { body: sales } = await suite.get('/api/analytics/sales/today');
    expect(sales).toMatchObject({
      timeZone,
      today: { revenue: 60, orders: 2, averageOrder: 30, customers: 2 },
    });
    expect(sales.yesterdayBySameTime).toEqual({ revenue: 0, orders: 0, averageOrder: null, customers: 0 });
    expect(sales.hours.reduce((sum: number, { today }: { today: { revenue: number } }) => sum + today.revenue, 0)).toBe(
      60,
    );
  });
  const { body } = await suite.get('/api/analytics/sales/daily?days=3');
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date());
  expect(body.days).toHaveLength(3);
  expect(body.days.at(-1)).toEqual({ day: today, orders: 2, revenue: 60 });
  const { body: top } = await suite.get('/api/analytics/top?limit=1');
  expect(top.categories).toEqual([{ category: 'Light', revenue: 60, orders: 2 }]);
  expect(top.customers).toMatchObject([{ customerId: 1, spent: 40, orders: 1 }]);
});

test('query-service stops at once while streams are open, and ends them', async () => {
  const { received, ended } = await listen();
  await eventually(() => expect(received.has('freshness')).toBe(true));
  const startedAt = performance.now();
  expect(await suite.query.stop()).toBe(0);
  await ended;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
