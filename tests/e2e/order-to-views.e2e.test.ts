import { describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { openSuite, type Suite } from '../setup/suite.js';

const suite = await openSuite();

async function product(price: number, category: string, stock = 100): Promise<number> {
  const { status, body } = await suite.post('/api/products', { name: 'Thing', category, price, stock });
  expect(status).toBe(201);
  return body.productId;
}

describe('the views', () => {
  test('an order answered 201 is in every view within 2 s, and counts once in its category although it has two lines', async () => {
    const mouse = await product(49.99, 'Accessories');
    const pad = await product(10.01, 'Accessories');
    const placed = await suite.post('/api/orders', {
      customerId: 801,
      items: [
        { productId: mouse, quantity: 1, price: 49.99 },
        { productId: pad, quantity: 3 },
      ],
    });
    expect(placed.status).toBe(201);
    const { orderId } = placed.body;

    await eventually(
      async () => {
        expect((await suite.get(`/api/analytics/products/${pad}/sales`)).body).toEqual({
          productId: pad,
          totalQuantitySold: 3,
          totalRevenue: 30.03,
          orderCount: 1,
        });
        expect((await suite.get('/api/analytics/categories/Accessories/revenue')).body).toEqual({
          category: 'Accessories',
          totalRevenue: 80.02,
          totalOrders: 1,
        });
        const order = await suite.get(`/api/orders/${orderId}`);
        expect(order.body).toMatchObject({ orderId, customerId: 801, total: 80.02 });
        for (const name of ['ltv', 'lifetime-value']) {
          expect((await suite.get(`/api/analytics/customers/801/${name}`)).body).toEqual({
            customerId: 801,
            totalSpent: 80.02,
            orderCount: 1,
            lastOrderDate: order.body.placedAt,
          });
        }
        const hour = `${order.body.placedAt.slice(0, 13)}:00:00.000Z`;
        const hours = await suite.get(
          `/api/analytics/sales/hourly?from=${hour}&to=${order.body.placedAt.slice(0, 14)}59:59Z`,
        );
        expect(hours.body).toEqual([{ hour, totalOrders: 1, totalRevenue: 80.02 }]);
        expect((await suite.get(`/api/products/${pad}`)).body).toMatchObject({ unitsLeft: 97, price: 10.01 });
      },
      { timeoutMs: 2_000 },
    );
  });

  test('sync-status is in-sync without lag when every order is applied', async () => {
    await suite.inSync();
    await eventually(async () => {
      const { body } = await suite.get('/api/analytics/sync-status');
      expect(body).toMatchObject({ status: 'in-sync', lagSeconds: 0, pendingEvents: 0, setAsideEvents: 0 });
      expect(body.lastProcessedEventTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });
  });
});

test('returns zeros for an unsold product and its category, and 404 for unknown ones', async () => {
  const id = await product(5, 'Unsold');
  await eventually(async () => {
    expect((await suite.get(`/api/analytics/products/${id}/sales`)).body).toEqual({
      productId: id,
      totalQuantitySold: 0,
      totalRevenue: 0,
      orderCount: 0,
    });
    expect((await suite.get('/api/analytics/categories/Unsold/revenue')).body).toEqual({
      category: 'Unsold',
      totalRevenue: 0,
      totalOrders: 0,
    });
  });
  for (const path of [
    '/api/analytics/products/999999/sales',
    '/api/analytics/categories/Nowhere/revenue',
    '/api/analytics/customers/999999/ltv',
    '/api/products/999999',
    '/api/orders/999999',
  ]) {
    const answer = await suite.get(path);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  }
});

test('twenty clients who buy the last ten units get ten 201 and ten 409', async () => {
  const id = await product(1.99, 'Rare', 10);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      suite.post('/api/orders', { customerId: 1000 + n, items: [{ productId: id, quantity: 1 }] }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
  const { rows } = await suite.write.query('SELECT stock FROM products WHERE id = $1', [id]);
  expect(rows).toEqual([{ stock: '0' }]);
  await suite.inSync();
  expect((await suite.get(`/api/analytics/products/${id}/sales`)).body).toMatchObject({
    totalQuantitySold: 10,
    totalRevenue: 19.9,
    orderCount: 10,
  });
  expect((await suite.get(`/api/products/${id}`)).body.unitsLeft).toBe(0);
});

test('lists are keyset pages with a link to the next page, newest orders first', async () => {
  const id = await product(2, 'Paged');
  for (let n = 0; n < 5; n += 1) {
    await suite.post('/api/orders', { customerId: 77, items: [{ productId: id, quantity: 1 }] });
  }
  await suite.inSync();
  const seen: number[] = [];
  for (let path: string | undefined = '/api/orders?customerId=77&limit=2'; path !== undefined; ) {
    const { body, headers }: Awaited<ReturnType<Suite['get']>> = await suite.get(path);
    seen.push(...body.map((order: { orderId: number }) => order.orderId));
    path = /<(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  expect(seen).toHaveLength(5);
  expect(seen).toEqual([...seen].sort((a, b) => b - a));
  const { body, headers } = await suite.get('/api/products?limit=1');
  expect(body).toHaveLength(1);
  expect(headers.get('link')).toContain('after=');
});
