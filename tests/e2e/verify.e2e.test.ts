import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { viewTables } from '../../consumer-service/src/projections/index.js';
import { viewChecks } from '../../operations/src/verify/verify.js';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();
let products: number[];
beforeAll(async () => {
  products = await Promise.all(
    ['Bücher', 'Bücher', 'Games', '𝒜stral'].map(async (category, n) => {
      const product = { name: `Thing ${n}`, category, price: 3.5 + n, stock: 100_000 };
      return (await suite.post('/api/products', product)).body.productId;
    }),
  );
  for (let n = 0; n < 30; n += 1) await placeOrder(n);
  for (let n = 0; n < 6; n += 1) await recordPurchase(n);
  await applied();
});

async function placeOrder(n: number): Promise<string> {
  const lines = [0, 1, 2].slice(0, 1 + (n % 3)).map((more) => products[(n + more) % products.length]);
  const { status, body } = await suite.post('/api/orders', {
    customerId: 100 + (n % 7),
    items: lines.map((productId, line) => ({ productId, quantity: 1 + ((n + line) % 4) })),
  });
  expect(status).toBe(201);
  return body.orderId;
}

async function recordPurchase(n: number): Promise<void> {
  const { status } = await suite.post('/api/purchases', {
    branchId: ['downtown', 'harbour'][n % 2],
    cashierId: 'c-1',
    posId: 'p-1',
    receiptId: `R-${n}`,
    idempotencyKey: `0193a000-0000-4000-8000-00000000000${n}`,
    items: [
      { productId: products[n % 4], qty: 1, unitPrice: 2.25 },
      { productId: products[(n + 1) % 4], qty: 1, unitPrice: 0.99 },
    ],
  });
  expect(status).toBe(201);
}

const count = async (from: 'read' | 'write', table: string) =>
  (await suite[from].query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

function applied(): Promise<void> {
  return eventually(async () =>
    expect(await count('read', 'processed_events')).toBeGreaterThanOrEqual(await count('write', 'outbox')),
  );
}

const verify = () => runCommand(suite, 'verify');

async function expectEqual(): Promise<void> {
  const { code, stdout } = await verify();
  const equal = new RegExp(`^Equal to the cent: \\d+ rows of ${viewTables.length} views, .*\\n$`);
  expect([code, stdout]).toEqual([0, expect.stringMatching(equal)]);
}

async function untilEqual(): Promise<void> {
  await applied();
  await expectEqual();
}

test('verify has a check for every view', () => {
  expect(viewChecks.map(({ view }) => view).sort()).toEqual([...viewTables].sort());
});

test('verify prints one line when the views are equal, at rest and under load', async () => {
  await expectEqual();
  let running = true;
  const load = (async () => {
    for (let n = 0; running; n += 1) await Promise.all([1, 2, 3, 4].map((more) => placeOrder(n * 4 + more)));
  })();
  for (let round = 0; round < 3; round += 1) await expectEqual();
  running = false;
  await load;
  await untilEqual();
});

/** Returns a column of amounts and one of counts, as far as the view has them, each with its smallest possible change. */
async function totalsOf(table: string): Promise<readonly { readonly column: string; readonly smallest: string }[]> {
  const { rows } = await suite.read.query(
    `SELECT DISTINCT ON (atttypid) attname AS column, CASE atttypid WHEN 'numeric'::regtype THEN '0.01' ELSE '1' END AS smallest
       FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary
      WHERE attrelid = $1::regclass AND attnum <> ALL (indkey) AND atttypid IN ('numeric'::regtype, 'bigint'::regtype)
      ORDER BY atttypid, attnum DESC`,
    [table],
  );
  expect(rows).not.toEqual([]);
  return rows;
}

// customers_daily has only a key; the next test deletes one of its rows.
test.each(viewTables.filter((table) => table !== 'customers_daily'))(
  'verify names a row of %s in which a cent or a unit was changed by hand',
  async (table) => {
    for (const { column, smallest } of await totalsOf(table)) {
      const add = async (sign: '+' | '-', row: string): Promise<string> => {
        const update = `UPDATE ${table} SET ${column} = ${column} ${sign} ${smallest} WHERE ctid = $1`;
        return (await suite.read.query(`${update} RETURNING ctid::text AS row`, [row])).rows[0].row;
      };
      const { rows } = await suite.read.query(`SELECT ctid::text AS row FROM ${table} LIMIT 1`);
      const changed = await add('+', rows[0].row);
      const { code, stdout } = await verify();
      await add('-', changed);
      expect([code, stdout]).toEqual([1, expect.stringMatching(new RegExp(`^${table} .*no single event makes this`))]);
      expect(stdout).toMatch(/\n1 of \d+ rows differ/);
    }
  },
);

test('verify names a deleted row, and a deleted member of a set', async () => {
  const order = await suite.read.query('DELETE FROM orders_read WHERE order_id = 1 RETURNING *');
  const member = await suite.read.query(
    'DELETE FROM customers_daily WHERE ctid = (SELECT min(ctid) FROM customers_daily) RETURNING *',
  );
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /orders_read 1: is missing.*event [0-9a-f-]{36} \(number 1\) is recorded as applied, but missing/,
  );
  expect(stdout).toContain(`${member.rows[0].branch_id} `);
  const { items, ...row } = order.rows[0];
  await suite.read.query('INSERT INTO orders_read SELECT * FROM json_populate_record(NULL::orders_read, $1)', [
    JSON.stringify({ ...row, items }),
  ]);
  await suite.read.query('INSERT INTO customers_daily SELECT * FROM json_populate_record(NULL::customers_daily, $1)', [
    JSON.stringify(member.rows[0]),
  ]);
  await expectEqual();
});

test('verify counts events of other publishers as they were received', async () => {
  const event = {
    eventType: 'OrderCreated',
    occurredAt: '2025-03-30T00:59:59.999Z',
    orderId: 900_001,
    customerId: 100,
    total: 7.77,
    items: [{ productId: products[0], category: 'Bücher', quantity: 7, price: 1.11 }],
  };
  await publishOrderMessage(suite.brokerUrl, event, { messageId: 'someone else' });
  await eventually(async () =>
    expect(await count('read', 'processed_events')).toBe((await count('write', 'outbox')) + 1),
  );
  const { code, stdout } = await verify();
  expect([code, stdout]).toEqual([0, expect.stringContaining('1 of the events came from elsewhere')]);
});

test('verify names an event that was applied twice, in every view', async () => {
  const { body } = await suite.post('/api/orders', {
    customerId: 105,
    items: [
      { productId: products[1], quantity: 37 },
      { productId: products[3], quantity: 41 },
    ],
  });
  const { rows } = await suite.write.query("SELECT id FROM outbox WHERE (payload->>'orderId')::bigint = $1", [
    body.orderId,
  ]);
  const id = rows[0].id;
  await eventually(async () => expect(await count('read', `processed_events WHERE event_id = '${id}'`)).toBe(1));
  const before = await count('read', 'processed_events');
  await suite.read.query('DELETE FROM processed_events WHERE event_id = $1', [id]);
  await runCommand(suite, 'replay', '--id', id);
  await eventually(async () => expect(await count('read', 'processed_events')).toBe(before));
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  const lines = stdout.trim().split('\n').slice(0, -1);
  for (const line of lines) expect(line).toContain(`event ${id} `);
  for (const line of lines) expect(line).toContain('is counted twice');
  expect(new Set(lines.map((line) => line.split(' ')[0]))).toEqual(
    new Set([
      'product_sales_view',
      'category_metrics_view',
      'customer_ltv_view',
      'hourly_sales_view',
      'minute_sales_view',
    ]),
  );
});

test('verify names an event as missing that was recorded but never applied', async () => {
  await suite.consumer.kill();
  const orderId = await placeOrder(2);
  const { rows } = await suite.write.query("SELECT id FROM outbox WHERE (payload->>'orderId')::bigint = $1", [orderId]);
  await suite.read.query('INSERT INTO processed_events (event_id) VALUES ($1)', [rows[0].id]);
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  expect(stdout).toContain(`orders_read ${orderId}: is missing, should be customer_id 102, `);
  expect(stdout).toContain(`event ${rows[0].id} (number ${orderId}) is recorded as applied, but missing here`);
});
