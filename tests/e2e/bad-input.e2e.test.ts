import { request } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, call, openSuite } from '../setup/suite.js';

const suite = await openSuite();
let product: number;
beforeAll(async () => {
  product = (await suite.post('/api/products', { name: 'Pen', category: 'Office', price: 2.5, stock: 10 })).body
    .productId;
});

/** Reads everything that a refused request must not change. */
async function state(): Promise<unknown> {
  const { rows } = await suite.write.query(`
    SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS items,
           (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM products) AS products,
           (SELECT sum(stock) FROM products) AS stock`);
  return rows;
}

function expectProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body).toMatchObject({ type: expect.stringMatching(/^urn:tallyline:problem:/), status });
  expect(Object.keys(answer.body)).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'instance']));
}

const good = { name: 'Pen', category: 'Office', price: 2.5, stock: 10 };
const line = { productId: 1, quantity: 1 };
const many = (count: number) => Array.from({ length: count }, () => line);

const badProducts: [string, unknown, string[]][] = [
  ['an array as its body', [], ['#']],
  ['null as its body', null, ['#']],
  ['no field at all', {}, ['#/name', '#/category', '#/price', '#/stock']],
  [
    'wrong types',
    { name: 1, category: true, price: '2.50', stock: '10' },
    ['#/name', '#/category', '#/price', '#/stock'],
  ],
  ['an unknown field', { ...good, colour: 'red' }, ['#/colour']],
  ['a blank name', { ...good, name: '   ' }, ['#/name']],
  ['a name of zero-width spaces', { ...good, name: '\u200b\u200b' }, ['#/name']],
  ['an over-long name', { ...good, name: 'x'.repeat(201) }, ['#/name']],
  ['NUL in a name', { ...good, name: 'a\u0000b' }, ['#/name']],
  ['half a surrogate pair', { ...good, category: 'a\ud800' }, ['#/category']],
  ['a negative price', { ...good, price: -1 }, ['#/price']],
  ['an over-precise price', { ...good, price: 1.999 }, ['#/price']],
  ['a huge price', { ...good, price: 1e300 }, ['#/price']],
  ['fractional stock', { ...good, stock: 1.5 }, ['#/stock']],
  ['huge stock', { ...good, stock: 2 ** 40 }, ['#/stock']],
];

const badOrders: [string, unknown, string[]][] = [
  ['no items', { customerId: 1, items: [] }, ['#/items']],
  ['more than 100 items', { customerId: 1, items: many(101) }, ['#/items']],
  ['zero quantity', { customerId: 1, items: [{ productId: 1, quantity: 0 }] }, ['#/items/0/quantity']],
  ['fractional quantity', { customerId: 1, items: [line, { productId: 1, quantity: 0.5 }] }, ['#/items/1/quantity']],
  ['huge quantity', { customerId: 1, items: [{ productId: 1, quantity: 1e9 }] }, ['#/items/0/quantity']],
  ['a fractional id', { customerId: 1.5, items: [line] }, ['#/customerId']],
  ['an id as text', { customerId: '1', items: [line] }, ['#/customerId']],
  [
    'an id beyond its range',
    { customerId: 2 ** 60, items: [{ productId: 1e20, quantity: 1 }] },
    ['#/customerId', '#/items/0/productId'],
  ],
  ['an unknown field in a line', { customerId: 1, items: [{ ...line, gift: true }] }, ['#/items/0/gift']],
  ['an over-precise price', { customerId: 1, items: [{ ...line, price: 0.001 }] }, ['#/items/0/price']],
];

describe('a POST with a faulty body', () => {
  for (const [path, cases] of [
    ['/api/products', badProducts],
    ['/api/orders', badOrders],
  ] as const) {
    test.each(cases)(
      `POST ${path} with %s is refused with 400, which names each faulty field, and changes nothing`,
      async (_name, body, pointers) => {
        const before = await state();
        const answer = await suite.post(path, body);
        expectProblem(answer, 400);
        expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual(
          [...pointers].sort(),
        );
        expect(await state()).toEqual(before);
      },
    );
  }

  test('a refused body gets a readable reason for each faulty field', async () => {
    const { body } = await suite.post('/api/orders', { customerId: 'x', items: [{ quantity: 0, gift: 1 }] });
    expect(body.errors).toEqual([
      { pointer: '#/customerId', detail: 'must be a number' },
      { pointer: '#/items/0/productId', detail: 'is required' },
      { pointer: '#/items/0/quantity', detail: 'must be at least 1' },
      { pointer: '#/items/0/gift', detail: 'is not a known field' },
    ]);
    expect(body.detail).toBe('4 fields are not valid');
  });

  test('a body of malformed JSON is refused with 400', async () => {
    for (const text of ['{', '{"name": }', 'name=Pen', '\u0000', '{"a":1}}']) {
      expectProblem(await suite.post('/api/products', text), 400);
    }
  });
});

describe('a GET with a faulty parameter', () => {
  test.each([
    ['/api/analytics/products/abc/sales', 'id'],
    ['/api/analytics/products/0/sales', 'id'],
    ['/api/analytics/products/-1/sales', 'id'],
    ['/api/analytics/products/1.5/sales', 'id'],
    ['/api/analytics/products/99999999999999999999/sales', 'id'],
    ['/api/analytics/customers/1e3/ltv', 'id'],
    ['/api/analytics/categories/%00/revenue', 'category'],
    ['/api/analytics/sales/hourly?from=yesterday', 'from'],
    ['/api/analytics/sales/hourly?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
    ['/api/analytics/sales/hourly?to=0000-01-01', 'to'],
    ['/api/analytics/sales/hourly?from=9999-12-31T23:59:59-23:59', 'from'],
    ['/api/analytics/sales/hourly?from=2020-01-01&to=2026-01-01', 'to'],
    ['/api/products?limit=0', 'limit'],
    ['/api/products?limit=1000', 'limit'],
    ['/api/products?colour=red', 'colour'],
    ['/api/analytics/products/1/sales?from=2026-01-01', 'from'],
    ['/api/analytics/sync-status?branch=downtown', 'branch'],
    ['/api/orders?customerId=x', 'customerId'],
    ['/api/orders/x', 'id'],
  ])('GET %s is refused with 400, which names the parameter %s', async (path, parameter) => {
    const answer = await suite.get(path);
    expectProblem(answer, 400);
    expect(answer.body.errors).toEqual([expect.objectContaining({ parameter })]);
  });

  test('a path with a malformed percent-encoding is refused with 400', async () => {
    expectProblem(await suite.get('/api/analytics/categories/%E0%A4/revenue'), 400);
  });
});

describe('a well-formed order', () => {
  test('an order for an unknown product is refused with 422', async () => {
    const answer = await suite.post('/api/orders', { customerId: 1, items: [{ productId: 123_456, quantity: 1 }] });
    expectProblem(answer, 422);
    expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '#/items/0/productId' })]);
  });

  test('an order whose two lines of a product together exceed the stock is refused with 409 and the stock left', async () => {
    const before = await state();
    const six = { productId: product, quantity: 6 };
    const answer = await suite.post('/api/orders', { customerId: 1, items: [six, six] });
    expectProblem(answer, 409);
    expect(answer.body.items).toEqual([
      { productId: product, left: 10 },
      { productId: product, left: 10 },
    ]);
    expect(await state()).toEqual(before);
  });

  test('an order at a price that is not current is refused with 409 and the current price', async () => {
    const answer = await suite.post('/api/orders', {
      customerId: 1,
      items: [{ productId: product, quantity: 1, price: 2.49 }],
    });
    expectProblem(answer, 409);
    expect(answer.body.items).toEqual([{ productId: product, currentPrice: 2.5 }]);
  });
});

describe('requests outside the API:', () => {
  test('a POST with a query parameter, such as dryRun, is refused and stores nothing', async () => {
    const before = await state();
    const answer = await suite.post('/api/products?dryRun=true', good);
    expectProblem(answer, 400);
    expect(answer.body.errors).toEqual([{ parameter: 'dryRun', detail: 'is not a known field' }]);
    expect(await state()).toEqual(before);
  });

  test('a body that is too large is refused with 413', async () => {
    expectProblem(await suite.post('/api/products', { ...good, name: 'x'.repeat(200_000) }), 413);
  });

  test('a body that is not UTF-8 is refused with 400', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...good, name: 'Caf\xe9' }), 'latin1');
    const headers = { 'content-type': 'application/json' };
    const answer = await call(`${suite.command.url}/api/products`, { method: 'POST', headers, body: bytes });
    expectProblem(answer, 400);
    expect(answer.body.errors).toEqual([{ pointer: '#', detail: 'holds bytes that are not UTF-8' }]);
  });

  test('a body that is not JSON is refused with 415', async () => {
    const latin = 'application/json; charset=latin1';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      latin,
      'application/json; charset=utf-16le',
    ]) {
      expectProblem(await suite.post('/api/products', '{}', { 'content-type': type }), 415);
    }
    expectProblem(await call(`${suite.command.url}/api/orders`, { method: 'POST' }), 415);
  });

  test('returns 404 for an unknown path, and 405 with Allow for a wrong method', async () => {
    expectProblem(await suite.get('/api/nothing'), 404);
    expectProblem(await suite.post('/', {}), 404);
    const wrong = await call(`${suite.command.url}/api/orders`, { method: 'DELETE' });
    expectProblem(wrong, 405);
    expect(wrong.headers.get('allow')).toBe('POST');
    const onQuery = await call(`${suite.query.url}/api/products`, { method: 'PUT' });
    expectProblem(onQuery, 405);
    expect(onQuery.headers.get('allow')).toBe('GET, HEAD');
    for (const method of ['DELETE', 'OPTIONS']) {
      const onPage = await call(`${suite.query.url}/`, { method });
      expectProblem(onPage, 405);
      expect(onPage.headers.get('allow')).toBe('GET, HEAD');
    }
  });

  test('a HEAD is answered like a GET, without a body', async () => {
    const answer = await call(`${suite.query.url}/api/products`, { method: 'HEAD' });
    expect([answer.status, answer.body]).toEqual([200, undefined]);
  });

  test('a request that ends within its body changes nothing, and the next one is answered', async () => {
    const before = await state();
    await new Promise<void>((resolve) => {
      const half = request(`${suite.command.url}/api/products`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '100' },
      });
      half.on('error', () => resolve());
      half.write('{"name":');
      half.flushHeaders();
      setImmediate(() => half.destroy());
      half.on('close', () => resolve());
    });
    expect(await state()).toEqual(before);
    expect((await suite.post('/api/products', good)).status).toBe(201);
  });
});
