import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { hourIn } from '../setup/hour-in.js';
import { type Answer, call, openSuite, post } from '../setup/suite.js';

const suite = await openSuite();
/** The two branches are five hours apart. The test takes the one whose day does not end while it runs. */
const [branch, branchName] = hourIn('America/New_York') === 23 ? ['harbour', 'Harbour'] : ['uptown', 'Uptown'];
let mouse: number;
let pad: number;
beforeAll(async () => {
  mouse = await product(49.99);
  pad = await product(10.01);
});

async function product(price: number, stock = 0): Promise<number> {
  const { status, body } = await suite.post('/api/products', { name: 'Thing', category: 'Till', price, stock });
  expect(status).toBe(201);
  return body.productId;
}

let receipts = 0;
function purchase(more: object = {}) {
  receipts += 1;
  return {
    branchId: 'downtown',
    cashierId: 'c-17',
    posId: 'pos-3',
    receiptId: `R-${receipts}`,
    idempotencyKey: randomUUID(),
    items: [{ productId: mouse, qty: 1, unitPrice: 49.99 }],
    ...more,
  };
}

async function stored(table = 'purchases'): Promise<number> {
  const { rows } = await suite.write.query(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0].n;
}

describe('recording a purchase', () => {
  test('a recorded purchase is answered with id, customer, receipt and total, and an unknown customer is refused', async () => {
    const first = await suite.post('/api/purchases', purchase({ receiptId: 'R-000123' }));
    expect(first.status).toBe(201);
    const { purchaseId, userId } = first.body;
    expect(first.body).toEqual({ purchaseId, userId, receiptId: 'R-000123', total: 49.99 });
    expect(userId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const second = await suite.post('/purchases', purchase({ userId: userId.toUpperCase() }));
    expect([second.status, second.body.userId]).toEqual([201, userId]);
    const stranger = await suite.post('/api/purchases', purchase({ userId: randomUUID() }));
    expect([stranger.status, stranger.body.type]).toEqual([422, 'urn:tallyline:problem:unknown-customer']);
  });

  test('a purchase is accepted in snake case, and with its key as a header', async () => {
    const { body, status } = await suite.post(
      '/purchases',
      {
        branch_id: 'harbour',
        cashier_id: 'c-1',
        pos_id: 'pos-1',
        receipt_id: 'R-1',
        items: [
          { product_id: mouse, qty: 1, unit_price: 0.1 },
          { productId: pad, qty: 1, unitPrice: 0.2 },
        ],
      },
      { 'idempotency-key': 'till-1-0001' },
    );
    expect([status, body.total]).toEqual([201, 0.3]);
    const repeated = await suite.post(
      '/api/purchases',
      purchase({
        branchId: 'harbour',
        cashierId: 'c-1',
        posId: 'pos-1',
        receiptId: 'R-1',
        idempotencyKey: 'till-1-0001',
        items: [
          { productId: mouse, qty: 1, unitPrice: 0.1 },
          { product_id: pad, qty: 1, unit_price: 0.2 },
        ],
      }),
    );
    expect([repeated.status, repeated.body]).toEqual([201, body]);
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
  });

  test('a purchase keeps the charged price, and does not change the stock', async () => {
    const rare = await product(5, 0);
    const { rows: before } = await suite.write.query('SELECT stock FROM products WHERE id = $1', [rare]);
    const items = [{ productId: rare, qty: 1, unitPrice: 1.25 }];
    expect((await suite.post('/api/purchases', purchase({ items }))).body.total).toBe(1.25);
    const { rows: after } = await suite.write.query('SELECT stock FROM products WHERE id = $1', [rare]);
    expect(after).toEqual(before);
  });

  test('a faulty purchase is refused with its fault, and nothing is stored', async () => {
    const item = { productId: mouse, qty: 1, unitPrice: 1 };
    const known = ['downtown', 'harbour', 'uptown'];
    const cases: [object, number, string, RegExp][] = [
      [{ branchId: 'nowhere' }, 422, '#/branchId', new RegExp(known.join(', '))],
      [{ branchId: undefined }, 400, '#/branchId', /required/],
      [{ branch_id: 'downtown' }, 400, '#/branch_id', /not a known field/],
      [{ cashierId: '' }, 400, '#/cashierId', /blank/],
      [{ posId: undefined }, 400, '#/posId', /required/],
      [{ receiptId: ' ' }, 400, '#/receiptId', /blank/],
      [{ idempotencyKey: undefined }, 400, '#/idempotencyKey', /required/],
      [{ userId: randomUUID().replace(/^(.{14})4/, '$11') }, 400, '#/userId', /version 4/],
      [{ userId: 'me' }, 400, '#/userId', /version 4/],
      [{ items: [] }, 400, '#/items', /./],
      [{ items: [{ ...item, qty: 2 }] }, 400, '#/items/0/qty', /at most one unit/],
      [{ items: [item, item] }, 400, '#/items/1/productId', /at most one unit/],
      [{ items: [item, { ...item, productId: 999_999 }] }, 422, '#/items/1/productId', /no product 999999/],
      [{ items: [{ ...item, unitPrice: 1.005 }] }, 400, '#/items/0/unitPrice', /two decimals/],
      [{ total: 1 }, 400, '#/total', /not a known field/],
    ];
    const before = [await stored(), await stored('customers'), await stored('outbox')];
    for (const [fault, status, pointer, detail] of cases) {
      const answer = await suite.post('/api/purchases', purchase(fault));
      expect([fault, answer.status, answer.body.errors[0].pointer]).toEqual([fault, status, pointer]);
      expect(answer.body.errors[0].detail).toMatch(detail);
    }
    expect([await stored(), await stored('customers'), await stored('outbox')]).toEqual(before);
    const nowhere = await suite.post('/api/purchases', purchase({ branchId: 'nowhere' }));
    expect(nowhere.body.branches).toEqual(known);
  });
});

test('the branches and their time zones are equal on both sides', async () => {
  const { body } = await call(`${suite.command.url}/api/branches`, {});
  expect(body).toEqual([
    { branchId: 'downtown', name: 'Downtown', timeZone: 'Europe/Berlin' },
    { branchId: 'harbour', name: 'Harbour', timeZone: 'Europe/Lisbon' },
    { branchId: 'uptown', name: 'Uptown', timeZone: 'America/New_York' },
  ]);
  const { rows } = await suite.read.query(
    'SELECT id AS "branchId", name, time_zone AS "timeZone" FROM branches ORDER BY 1',
  );
  expect(rows).toEqual(body);
});

describe('repeated purchases', () => {
  test('a repeated purchase is refused with other content; its receipt under another key is refused with the id of the purchase', async () => {
    const sent = purchase();
    const { body } = await suite.post('/api/purchases', sent);
    const other = await suite.post('/api/purchases', { ...sent, cashierId: 'c-18' });
    expect([other.status, other.body.type]).toEqual([422, 'urn:tallyline:problem:key-reused']);
    const elsewhere = await suite.post('/api/purchases', { ...sent, receiptId: 'R-other' });
    expect(elsewhere.status).toBe(422);
    const again = await suite.post('/api/purchases', { ...sent, idempotencyKey: randomUUID() });
    expect([again.status, again.body.purchaseId]).toEqual([409, body.purchaseId]);
    expect(again.body.detail).toContain(`purchase ${body.purchaseId}`);
    const otherBranch = purchase({ receiptId: sent.receiptId, branchId: 'uptown' });
    expect((await suite.post('/api/purchases', otherBranch)).status).toBe(201);
    const differing = await suite.post('/api/purchases', purchase(), { 'idempotency-key': 'another' });
    expect(differing.status).toBe(400);
  });

  test('a purchase that is sent twenty times at once with one key is stored once, with one answer', async () => {
    const before = [await stored(), await stored('customers'), await stored('outbox')];
    const sent = purchase();
    const attempts = Array.from({ length: 20 }, async (_, n): Promise<Answer | undefined> => {
      if (n % 2 === 0) return post(`${suite.command.url}/api/purchases`, sent);
      const gone = new AbortController();
      const request = call(`${suite.command.url}/api/purchases`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(sent),
        signal: gone.signal,
      }).catch(() => undefined);
      setImmediate(() => gone.abort());
      return request;
    });
    const answers = (await Promise.all(attempts)).filter((answer) => answer !== undefined);
    expect(answers.length).toBeGreaterThanOrEqual(10);
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toHaveProperty('size', 1);
    expect(answers[0]?.status).toBe(201);
    const after = [await stored(), await stored('customers'), await stored('outbox')];
    expect(after).toEqual(before.map((n) => n + 1));
  });

  test('a purchase gets 503 at once while the database is down, and succeeds later with the same key', async () => {
    const away = suite.writeDatabaseUrl.replace(/@[^/]*/, '@127.0.0.1:1');
    const cutOff = await suite.start('command-service', { WRITE_DATABASE_URL: away });
    const sent = purchase();
    const startedAt = performance.now();
    const refused = await post(`${cutOff.url}/api/purchases`, sent);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect((await suite.post('/api/purchases', sent)).status).toBe(201);
    expect((await suite.post('/api/purchases', sent)).headers.get('idempotent-replayed')).toBe('true');
  });

  test('a receipt that is sent at once under twenty keys is one purchase, and nineteen answers name it', async () => {
    const { receiptId } = purchase();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => suite.post('/api/purchases', purchase({ receiptId }))),
    );
    const recorded = answers.filter(({ status }) => status === 201);
    expect(recorded).toHaveLength(1);
    const taken = answers.filter(({ status }) => status === 409);
    expect(taken.map(({ body }) => body.purchaseId)).toEqual(Array(19).fill(recorded[0]?.body.purchaseId));
  });
});

describe('the views of branches', () => {
  test('the views show purchases by product, customer, day and branch', async () => {
    const mouse = await product(49.99);
    const pad = await product(10.01);
    const before = (await suite.get('/api/analytics/branches')).body.find(
      (b: { branchId: string }) => b.branchId === branch,
    );
    const { body: first } = await suite.post(
      '/api/purchases',
      purchase({
        branchId: branch,
        items: [
          { productId: mouse, qty: 1, unitPrice: 940.01 },
          { productId: pad, qty: 1, unitPrice: 10 },
        ],
      }),
    );
    const { userId } = first;
    const last = await suite.post(
      '/api/purchases',
      purchase({ branchId: branch, userId, items: [{ productId: pad, qty: 1, unitPrice: 9.99 }] }),
    );
    const token = { 'consistency-token': last.headers.get('consistency-token') ?? '' };
    await suite.inSync();

    const now = await suite.get('/api/analytics/branches', token);
    expect(now.headers.get('consistency-status')).toBe('included');
    const side = now.body.find((b: { branchId: string }) => b.branchId === branch);
    expect(side).toEqual({
      branchId: branch,
      name: branchName,
      day: before.day,
      revenue: Math.round((before.revenue + 960) * 100) / 100,
      items: before.items + 3,
      purchases: before.purchases + 2,
      uniqueCustomers: before.uniqueCustomers + 1,
      weekBefore: { day: daysAfter(before.day, -7), revenue: 0, items: 0, purchases: 0, uniqueCustomers: 0 },
    });
    const path = `/api/analytics/branches/${branch}`;
    const loyal = await suite.get(`${path}/loyal-customers?limit=1`);
    expect(loyal.body).toEqual([
      { userId, purchases: 2, totalSpent: 960, lastPurchaseAt: expect.stringMatching(/Z$/) },
    ]);
    for (const period of ['day', 'week']) {
      const top = await suite.get(`${path}/top-products?period=${period}&limit=1`);
      expect(top.body.byUnits).toMatchObject([{ productId: pad, name: 'Thing', units: 2, revenue: 19.99 }]);
      expect(top.body.byRevenue[0].productId).toBe(mouse);
    }
    const unique = await suite.get(`${path}/unique-customers?from=${side.day}&to=${side.day}`);
    expect(unique.body).toEqual([{ day: side.day, uniqueCustomers: side.uniqueCustomers }]);
    const days = await suite.get(`${path}/revenue`);
    expect(days.body).toHaveLength(30);
    expect(days.body.at(-1)).toEqual({
      from: side.day,
      to: side.day,
      revenue: side.revenue,
      items: side.items,
      purchases: side.purchases,
    });
    expect(days.body.at(-2)).toMatchObject({ from: daysAfter(side.day, -1), revenue: 0 });
  });

  test('queries of a branch refuse parameters beyond their limits', async () => {
    const path = '/api/analytics/branches';
    const cases: [string, number][] = [
      [`${path}/nowhere/revenue`, 404],
      [`${path}/nowhere/top-products`, 404],
      [`${path}/downtown/revenue?from=2026-01-01&to=2027-01-01`, 200],
      [`${path}/downtown/revenue?from=2026-01-01&to=2027-01-02`, 400],
      [`${path}/downtown/revenue?from=2022-01-01&to=2027-01-05&interval=week`, 400],
      [`${path}/downtown/revenue?from=2026-02-02&to=2026-02-01`, 400],
      [`${path}/downtown/revenue?from=2026-02-30`, 400],
      [`${path}/downtown/revenue?from=2999-12-31`, 200],
      [`${path}/downtown/revenue?from=9999-12-31`, 400],
      [`${path}/downtown/revenue?interval=hour`, 400],
      [`${path}/downtown/unique-customers?from=2026-01-01&to=2027-01-02`, 400],
      [`${path}/downtown/top-products?period=month`, 400],
      [`${path}/downtown/loyal-customers?limit=201`, 400],
      [`${path}?date=yesterday`, 400],
    ];
    for (const [url, status] of cases) expect([url, (await suite.get(url)).status]).toEqual([url, status]);
    expect((await suite.get(`${path}/nowhere/revenue`)).body.detail).toContain('downtown, harbour, uptown');
  });
});

function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
