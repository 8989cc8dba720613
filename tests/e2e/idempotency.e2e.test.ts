import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openSuite, post } from '../setup/suite.js';

const suite = await openSuite();
let product: number;
beforeAll(async () => {
  product = (await suite.post('/api/products', { name: 'Lamp', category: 'Light', price: 20, stock: 50 })).body
    .productId;
});

const order = (quantity: number, more: object = {}) => ({
  customerId: 5,
  items: [{ productId: product, quantity, ...more }],
});
const withKey = (key: string) => ({ 'idempotency-key': key });
const ordersStored = async () => Number((await suite.write.query('SELECT count(*) AS n FROM orders')).rows[0].n);

describe('Idempotency-Key:', () => {
  test('a repeated request gets the first answer again, marked as replayed, and is stored once', async () => {
    const key = randomUUID();
    const first = await suite.post('/api/orders', order(1), withKey(key));
    const before = await ordersStored();
    const again = await suite.post('/api/orders', order(1), withKey(`"${key}"`));
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('consistency-token')).toBe(first.headers.get('consistency-token'));
    expect(await ordersStored()).toBe(before);
  });

  test('a key that is used again with another body is refused with 422, and nothing changes', async () => {
    const key = randomUUID();
    await suite.post('/api/orders', order(1), withKey(key));
    const before = await ordersStored();
    const other = await suite.post('/api/orders', order(2), withKey(key));
    expect(other.status).toBe(422);
    expect(other.body.type).toBe('urn:tallyline:problem:key-reused');
    expect(await ordersStored()).toBe(before);
  });

  test('twenty requests with one key at once to two processes make one order; the others get its answer or 409', async () => {
    const second = await suite.start('command-service');
    const key = randomUUID();
    const before = await ordersStored();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        post(`${n % 2 ? suite.command.url : second.url}/api/orders`, order(1), withKey(key)),
      ),
    );
    expect(await ordersStored()).toBe(before + 1);
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.orderId));
    expect(ids.size).toBe(1);
    for (const { status, body } of answers.filter(({ status }) => status !== 201)) {
      expect([status, body.type]).toEqual([409, 'urn:tallyline:problem:key-running']);
    }
    await second.stop();
  });

  test('a repeated request gets a refusal for stock or price again, but not one for a faulty body or an unknown product', async () => {
    const stock = randomUUID();
    const short = await suite.post('/api/orders', order(5_000), withKey(stock));
    expect(short.status).toBe(409);
    await suite.write.query('UPDATE products SET stock = stock + 10000 WHERE id = $1', [product]);
    const again = await suite.post('/api/orders', order(5_000), withKey(stock));
    expect([again.status, again.body]).toEqual([409, short.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');

    const price = randomUUID();
    const differs = await suite.post('/api/orders', order(1, { price: 19 }), withKey(price));
    expect(differs.status).toBe(409);
    expect(differs.body.items).toEqual([{ productId: product, currentPrice: 20 }]);
    expect(
      (await suite.post('/api/orders', order(1, { price: 19 }), withKey(price))).headers.get('idempotent-replayed'),
    ).toBe('true');

    const invalid = randomUUID();
    expect((await suite.post('/api/orders', { customerId: 0 }, withKey(invalid))).status).toBe(400);
    expect((await suite.post('/api/orders', order(1), withKey(invalid))).status).toBe(201);
    const unknown = randomUUID();
    const nowhere = { customerId: 5, items: [{ productId: 987_654, quantity: 1 }] };
    expect((await suite.post('/api/orders', nowhere, withKey(unknown))).status).toBe(422);
    expect((await suite.post('/api/orders', order(1), withKey(unknown))).status).toBe(201);
  });

  test('a repeated request for a product gets the first answer again, too', async () => {
    const body = { name: 'Shade', category: 'Light', price: 7.5, stock: 3 };
    const key = withKey(randomUUID());
    const first = await suite.post('/api/products', body, key);
    const again = await suite.post('/api/products', body, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect((await suite.post('/api/products', { ...body, stock: 4 }, key)).status).toBe(422);
  });

  test('a request with a key that is too long is refused, and the header is named', async () => {
    const answer = await suite.post('/api/orders', order(1), withKey('x'.repeat(300)));
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([expect.objectContaining({ header: 'idempotency-key' })]);
  });
});

describe('Consistency-Token:', () => {
  test('a GET with the token of a POST includes that write and says so', async () => {
    for (let n = 0; n < 10; n += 1) {
      const placed = await suite.post('/api/orders', order(1));
      const token = placed.headers.get('consistency-token') ?? '';
      const shown = await suite.get(`/api/orders/${placed.body.orderId}`, {
        'consistency-token': token,
        prefer: 'wait=5',
      });
      expect([shown.status, shown.headers.get('consistency-status')]).toEqual([200, 'included']);
    }
  });

  test('a GET with an unknown token is answered after its preferred wait, and says that the write is pending', async () => {
    const unknown = { 'consistency-token': randomUUID(), prefer: 'wait=1' };
    const startedAt = performance.now();
    const answer = await suite.get(`/api/products`, unknown);
    expect([answer.status, answer.headers.get('consistency-status')]).toEqual([200, 'pending']);
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });

  test('a refused GET with an unknown token says that the write is pending, too', async () => {
    const token = { 'consistency-token': randomUUID(), prefer: 'wait=0' };
    for (const [path, status] of [
      ['/api/orders/999999', 404],
      ['/api/orders/first', 400],
    ] as const) {
      const answer = await suite.get(path, token);
      expect([answer.status, answer.headers.get('consistency-status')]).toEqual([status, 'pending']);
    }
  });

  test('a GET with a malformed token is refused, and the header is named', async () => {
    const answer = await suite.get('/api/products', { 'consistency-token': 'yesterday' });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([expect.objectContaining({ header: 'consistency-token' })]);
  });
});
