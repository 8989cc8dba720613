import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

/** Ten spellings of one category. */
const spellings = [
  'Café Books',
  'Cafe\u0301 Books',
  'Café\u00a0Books',
  'Café  Books',
  ' Café Books\u2003',
  'Café B\u200books',
  '\ufeffCafé Books',
  'Café Bo\u00adoks',
  '\u202aCafé Books\u202c',
  'Café Boo\u200dks',
] as const;

const sold = async (category: string) =>
  (await suite.get(`/api/analytics/categories/${encodeURIComponent(category)}/revenue`)).body;

describe('texts that look the same', () => {
  test('categories that look the same are one, for products, foreign events and queries', async () => {
    const ids: number[] = [];
    for (const category of spellings) {
      const { body } = await suite.post('/api/products', { name: 'Novel', category, price: 10, stock: 10 });
      ids.push(body.productId);
    }
    const items = ids.map((productId) => ({ productId, quantity: 1 }));
    await suite.post('/api/orders', { customerId: 1, items });
    const foreign = {
      eventType: 'OrderCreated',
      eventId: null,
      version: null,
      occurredAt: '2026-01-01T00:00:00.000Z',
      orderId: 900_000_001,
      customerId: 1,
      total: 100,
      items: spellings.map((category) => ({ productId: 1, category, quantity: 1, price: 10 })),
    };
    await publishOrderMessage(suite.brokerUrl, foreign);
    await suite.inSync();
    await eventually(async () => {
      for (const category of spellings) {
        expect(await sold(category)).toEqual({ category: 'Café Books', totalRevenue: 200, totalOrders: 2 });
      }
    });
    const { rows } = await suite.read.query('SELECT count(*)::int AS n FROM category_metrics_view');
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('receipts that look the same are one: a repeated purchase gets its answer again, and another purchase is refused', async () => {
    const product = { name: 'Tea', category: 'Drinks', price: 2, stock: 0 };
    const { productId } = (await suite.post('/api/products', product)).body;
    const purchase = (receiptId: string, idempotencyKey: string) =>
      suite.post('/api/purchases', {
        branchId: 'harbour',
        cashierId: 'c',
        posId: 'p',
        receiptId,
        idempotencyKey,
        items: [{ productId, qty: 1, unitPrice: 2 }],
      });
    const first = await purchase('Ré-1', 'key-1');
    expect(first.status).toBe(201);
    for (const spelling of ['Re\u0301-1', 'Ré\u200b-1', 'Ré-1\u00a0', '\u2066Ré-1\u2069']) {
      const again = await purchase(spelling, 'key-1');
      expect([again.status, again.body.purchaseId]).toEqual([201, first.body.purchaseId]);
      const other = await purchase(spelling, randomUUID());
      expect([other.status, other.body.purchaseId]).toEqual([409, first.body.purchaseId]);
    }
  });

  test('a branch is found by any spelling of its id in a path', async () => {
    const path = `/api/analytics/branches/${encodeURIComponent('down\u200btown\u00a0')}/revenue`;
    expect((await suite.get(path)).status).toBe(200);
  });

  test('words with joiners that change their meaning stay different', async () => {
    const category = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645';
    await suite.post('/api/products', { name: 'x', category, price: 1, stock: 1 });
    await suite.inSync();
    expect((await sold(category)).category).toBe(category);
    expect((await sold(category.replace('\u200c', ''))).status).toBe(404);
  });
});

describe('texts that an earlier version stored', () => {
  test('texts of an earlier version are normalised on both sides with their sums; receipts that would become equal are named', async () => {
    const event = (id: string, at: string, facts: object) => [
      id,
      'order.created',
      JSON.stringify({ eventId: id, version: 1, occurredAt: at, ...facts }),
    ];
    await suite.write.query(`
      INSERT INTO products (id, name, category, price, stock) VALUES
        (501, 'Cle\u0301 ', 'Outils\u200b', 3, 100), (502, 'Marteau', 'Outils', 4, 100), (503, 'Vis', 'Outils\u00a0', 5, 100)`);
    await suite.write.query(`
      INSERT INTO orders (id, customer_id, total, created_at) VALUES (700, 5, 12, '2026-02-01T00:00:00Z')`);
    await suite.write.query(`
      INSERT INTO order_items (order_id, line, product_id, category, quantity, price) VALUES
        (700, 1, 501, 'Outils\u200b', 1, 3), (700, 2, 502, 'Outils', 1, 4), (700, 3, 503, 'Outils\u00a0', 1, 5)`);
    const at = '2026-02-01T00:00:00.000Z';
    const items = [
      [501, 'Outils\u200b', 3],
      [502, 'Outils', 4],
      [503, 'Outils\u00a0', 5],
    ].map(([productId, category, price]) => ({ productId, category, quantity: 1, price }));
    const order = { eventType: 'OrderCreated', orderId: 700, customerId: 5, total: 12, items };
    const made = (productId: number, name: string, category: string, price: number) => ({
      eventType: 'ProductCreated',
      productId,
      name,
      category,
      price,
      stock: 101,
    });
    for (const [topic, facts] of [
      ['product.created', made(501, 'Cle\u0301', 'Outils\u200b', 3)],
      ['product.created', made(502, 'Marteau', 'Outils', 4)],
      ['product.created', made(503, 'Vis', 'Outils\u00a0', 5)],
      ['order.created', order],
    ] as const) {
      const { rows } = await suite.write.query('SELECT clock_timestamp() AS now');
      const ms = rows[0].now.getTime().toString(16).padStart(12, '0');
      const id = `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`;
      const [, , payload] = event(id, at, facts);
      await suite.write.query('INSERT INTO outbox (id, topic, payload, created_at) VALUES ($1, $2, $3, $4)', [
        id,
        topic,
        payload,
        rows[0].now,
      ]);
    }
    const customer = randomUUID();
    await suite.write.query("INSERT INTO customers VALUES ($1, '2026-02-01T00:00:00Z')", [customer]);
    const receipts = ['\u00c9t\u00e9-1', 'E\u0301te\u0301-1', 'Caf\u200be-9'];
    for (const [index, receipt] of receipts.entries()) {
      await suite.write.query(
        `INSERT INTO purchases (id, branch_id, cashier_id, pos_id, receipt_id, customer_id, total, day, idempotency_key,
                                fingerprint, event_id, created_at)
         VALUES ($1, 'harbour', 'c\u00a01', 'p', $2, $3, 0, '2026-02-01', $4, '', gen_random_uuid(), '2026-02-01T00:00:00Z')`,
        [900 + index, receipt, customer, `old-${index}`],
      );
    }
    await suite.inSync();

    expect(await runCommand(suite, 'normalise', '--dry-run')).toMatchObject({ code: 1 });
    const result = await runCommand(suite, 'normalise');
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('Purchases 900 and 901 of harbour have receipts that look the same');
    expect(result.stdout).toContain('Changed 2 product(s) and 3 purchase(s), and the category of 2 order line(s)');
    const { rows: sold700 } = await suite.write.query('SELECT DISTINCT category FROM order_items WHERE order_id = 700');
    expect(sold700).toEqual([{ category: 'Outils' }]);
    const { rows: products } = await suite.write.query(
      'SELECT name, category FROM products WHERE id > 500 ORDER BY id',
    );
    expect(products).toEqual([
      { name: 'Clé', category: 'Outils' },
      { name: 'Marteau', category: 'Outils' },
      { name: 'Vis', category: 'Outils' },
    ]);
    const { rows: kept } = await suite.write.query('SELECT receipt_id AS r FROM purchases WHERE id >= 900 ORDER BY id');
    expect(kept.map(({ r }) => r)).toEqual(['Été-1', 'E\u0301te\u0301-1', 'Cafe-9']);
    expect((await runCommand(suite, 'normalise')).stdout).toContain('Changed 0 product(s) and 0 purchase(s)');
    expect(await sold('Outils')).toEqual({ category: 'Outils', totalRevenue: 12, totalOrders: 1 });
  });
});
