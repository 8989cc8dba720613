import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { call, openSuite } from '../setup/suite.js';

const suite = await openSuite();
const good = { name: 'Pen', category: 'Office', price: 2.5, stock: 1_000 };
let productId: number;
beforeAll(async () => {
  productId = (await suite.post('/api/products', good)).body.productId;
});

describe('the revenue of a category', () => {
  test.each(['.', '..', 'a/b', 'a\\b', '50 % + more', '?', '#'])(
    'the revenue of a category named %s is answered',
    async (category) => {
      await suite.post('/api/products', { ...good, category });
      await suite.inSync();
      await eventually(async () => {
        // Browsers and generated clients use a query parameter, because `new URL` normalises paths with dots.
        const url = new URL('/api/analytics/categories/revenue', suite.query.url);
        url.searchParams.set('category', category);
        const { body } = await call(url.href, {});
        expect(body).toEqual({ category, totalRevenue: 0, totalOrders: 0 });
      });
    },
  );

  test('the refusal of a category whose plus sign was not encoded shows a space in its place', async () => {
    const { status, body } = await suite.get('/api/analytics/categories/revenue?category=A+B');
    expect([status, body.detail]).toEqual([404, 'there is no product in the category "A B"']);
  });
});

describe('the body of a POST', () => {
  test.each([
    ['{"name":"a","name":"b","category":"c","price":1,"stock":1}', '#/name'],
    ['{"name":"a","category":"c","price":1,"stock":1,"pri\\u0063e":2}', '#/price'],
  ])('a body with a field twice is refused, and the field is named: %s', async (text, pointer) => {
    const { status, body } = await suite.post('/api/products', text);
    expect([status, body.errors]).toEqual([400, [{ pointer, detail: 'is there more than once' }]]);
  });

  test('an order with a field twice in one of its lines is refused', async () => {
    const text = `{"customerId":1,"items":[{"productId":${productId},"quantity":1},{"productId":${productId},"quantity":1,"quantity":2}]}`;
    const { status, body } = await suite.post('/api/orders', text);
    expect([status, body.errors]).toEqual([
      400,
      [{ pointer: '#/items/1/quantity', detail: 'is there more than once' }],
    ]);
  });

  test('a body with null in an optional field equals one without the field, also for a repeated idempotency key', async () => {
    const order = { customerId: 1, items: [{ productId, quantity: 1 }] };
    const withNull = { customerId: 1, items: [{ productId, quantity: 1, price: null }] };
    const first = await suite.post('/api/orders', withNull, { 'idempotency-key': 'null-1' });
    expect(first.status).toBe(201);
    const again = await suite.post('/api/orders', order, { 'idempotency-key': 'null-1' });
    expect(again.body).toEqual(first.body);
    const purchase = {
      branchId: 'uptown',
      cashierId: 'c',
      posId: 'p',
      receiptId: 'null-1',
      userId: null,
      idempotencyKey: null,
      items: [{ productId, qty: 1, unitPrice: 1 }],
    };
    expect((await suite.post('/api/purchases', purchase, { 'idempotency-key': 'null-2' })).status).toBe(201);
    expect((await suite.post('/api/orders', { ...order, customerId: null })).status).toBe(400);
  });

  test.each(['utf8', 'UTF8', '"utf8"', 'UTF-8', '"utf-8"'])('a body in charset=%s is accepted', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    expect((await suite.post('/api/products', { ...good, name: 'Stift für Ü' }, headers)).status).toBe(201);
  });

  test.each(['utf-16', 'latin1', 'utf-7', 'utf-80', ''])('a body in charset=%s is refused', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    expect((await suite.post('/api/products', good, headers)).status).toBe(415);
  });
});

test.each([
  ['sales/hourly?from=2026-11-20T08:17:46+01:00', 'from'],
  ['sales/hourly?to=2026-11-20T08:17:46.5+0100', 'to'],
])('refuses a time whose plus sign became a space, and gives that reason: %s', async (path, parameter) => {
  const { status, body } = await suite.get(`/api/analytics/${path}`);
  expect(status).toBe(400);
  const detail = 'must be an RFC 3339 date or date-time, with the + of its offset sent as %2B';
  expect(body.errors).toEqual([{ parameter, detail }]);
});

describe('Expect: 100-continue', () => {
  /** Sends headers with `Expect: 100-continue`, sends the body after a 100, and returns everything until the close. */
  async function postAfterContinue(path: string, headers: readonly string[], body: string): Promise<string> {
    const { port, hostname } = new URL(suite.command.url);
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    let answer = '';
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${headers.join('\r\n')}\r\n\r\n`);
    socket.on('data', (text) => {
      answer += text;
      if (answer === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body);
      // The service keeps this connection open, so the client must end it.
      else if (/\r\n\r\n\{.*\}$/s.test(answer)) socket.end();
    });
    await new Promise((resolve) => socket.once('close', resolve));
    return answer;
  }
  const json = 'Content-Type: application/json';
  const text = JSON.stringify(good);

  test.each([
    ['a body that is too large', '/api/products', [json, 'Content-Length: 70000'], 413],
    ['a body that is not JSON', '/api/products', ['Content-Type: text/csv', 'Content-Length: 10'], 415],
    ['a charset that is not UTF-8', '/api/products', [`${json}; charset=utf-16`, 'Content-Length: 10'], 415],
    ['an unknown path', '/api/nothing', [json, 'Content-Length: 10'], 404],
  ])(
    'a client that expects 100 Continue is refused before it sends its body, and the connection closes: %s',
    async (_what, path, headers, status) => {
      const answer = await postAfterContinue(path, headers, text);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    },
  );

  test('a client that expects 100 Continue gets it when its headers are acceptable, and the connection stays open', async () => {
    const answer = await postAfterContinue('/api/products', [json, `Content-Length: ${text.length}`], text);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
    // HTTP/1.1 keeps a connection open unless a header says otherwise.
    expect(answer.toLowerCase()).not.toContain('\r\nconnection: close');
  });
});

test('shows the current hour in the hourly sales when the clock of query-service is two hours slow', async () => {
  const slow = `data:text/javascript,${encodeURIComponent('const now=Date.now;globalThis.Date=class extends Date{constructor(...a){a.length?super(...a):super(now()-7200000)}static now(){return now()-7200000}}')}`;
  const late = await suite.start('query-service', { NODE_OPTIONS: `--import=${slow}` });
  await suite.post('/api/orders', { customerId: 9, items: [{ productId, quantity: 1 }] });
  await suite.inSync();
  const { rows } = await suite.read.query('SELECT max(hour_timestamp) AS hour FROM hourly_sales_view');
  const { body } = await call(`${late.url}/api/analytics/sales/hourly`, {});
  expect(body.map(({ hour }: { hour: string }) => hour)).toContain(rows[0].hour.toISOString());
  expect(body).toHaveLength(24);
});
