import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { createProducts, startOrderFlow } from '../setup/order-flow.js';
import { runCommand, startCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';
import { expectViewsEqualOrders } from '../setup/views-equal-orders.js';

const suite = await openSuite();
let products: number[];
beforeAll(async () => {
  products = await createProducts(suite, 5);
  for (let n = 0; n < 4; n += 1) {
    const { status } = await suite.post('/api/purchases', {
      branchId: 'uptown',
      cashierId: 'c-1',
      posId: 'p-1',
      receiptId: `R-${n}`,
      idempotencyKey: `0193a000-0000-4000-8000-00000000000${n}`,
      items: [{ productId: products[n], qty: 1, unitPrice: 2.25 }],
    });
    expect(status).toBe(201);
  }
});

const rebuild = (...args: string[]) => runCommand(suite, 'rebuild', ...args);

async function expectVerified(): Promise<void> {
  await suite.inSync(30_000);
  const { code, stdout } = await runCommand(suite, 'verify');
  expect([code, stdout]).toEqual([0, expect.stringContaining('Equal to the cent')]);
}

async function expectNoShadowTables(): Promise<void> {
  const { rows } = await suite.read.query("SELECT to_regnamespace('rebuild') AS found");
  expect(rows).toEqual([{ found: null }]);
}

/** Reads a view in a loop until `end`, which returns the refused answers and the slowest one. */
function startQueries(path: string) {
  let isEnding = false;
  const refused: number[] = [];
  let slowestMs = 0;
  const running = (async () => {
    while (!isEnding) {
      const startedAt = performance.now();
      const { status } = await suite.get(path);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      if (status !== 200) refused.push(status);
    }
  })();
  return {
    end: async () => {
      isEnding = true;
      await running;
      return { refused, slowestMs };
    },
  };
}

test('a rebuild under load loses and doubles nothing, and queries are answered throughout', async () => {
  await suite.inSync();
  const flow = startOrderFlow(suite, products, 2);
  const queries = startQueries('/api/orders?limit=5');
  try {
    const archived = async () => (await suite.read.query('SELECT count(*)::int AS n FROM event_archive')).rows[0].n;
    for (const atLeast of [50, 100]) {
      await eventually(async () => expect(await archived()).toBeGreaterThan(atLeast), { timeoutMs: 30_000 });
      const { code, stdout } = await rebuild();
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^Rebuilt from \d+ events: equal to the live views/)]);
    }
  } finally {
    const accepted = await flow.end();
    const { refused, slowestMs } = await queries.end();
    expect(refused).toEqual([]);
    expect(slowestMs).toBeLessThan(5_000);
    await suite.inSync(30_000);
    await expectViewsEqualOrders(suite, accepted);
  }
  await expectVerified();
  await expectNoShadowTables();
});

test('a rebuild shows differing rows and keeps them, and replaces them with --accept under load', async () => {
  await suite.read.query('UPDATE customer_ltv_view SET total_spent = total_spent + 0.01 WHERE customer_id = 1');
  await suite.read.query('DELETE FROM minute_sales_view');
  await suite.read.query("INSERT INTO category_metrics_view VALUES ('Invented', 1, 1)");
  const refused = await rebuild();
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(
    /customer_ltv_view: 1 row\(s\) differ.*\n {2}- .*"customer_id": 1,.*\n {2}\+ .*"customer_id": 1,/,
  );
  expect(refused.stdout).toContain('not swapped: the live views are unchanged');
  expect((await runCommand(suite, 'verify')).code).toBe(1);

  const flow = startOrderFlow(suite, products, 2);
  const queries = startQueries('/api/analytics/customers/1/ltv');
  const { code, stdout } = await rebuild('--accept').finally(() => flow.end());
  expect([code, stdout]).toEqual([0, expect.stringMatching(/row\(s\) of 3 view\(s\) replaced/)]);
  expect((await queries.end()).refused).toEqual([]);
  await expectVerified();
}, 60_000);

test('a killed rebuild leaves the views unchanged, and the next one starts over', async () => {
  const killed = startCommand(suite, 'rebuild');
  await eventually(
    async () => {
      const { rows } = await suite.read.query("SELECT to_regclass('rebuild.orders_read') IS NOT NULL AS there");
      expect(rows).toEqual([{ there: true }]);
    },
    { intervalMs: 5 },
  );
  killed.child.kill('SIGKILL');
  await killed.ended;
  await expectVerified();
  expect((await rebuild()).code).toBe(0);
  await expectNoShadowTables();
});

test('a rebuild refuses to run twice at once, and to lose an event that is not in the archive', async () => {
  const client = await suite.read.connect();
  await client.query("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('rebuild', 0))");
  const second = await rebuild();
  await client.query('ROLLBACK');
  client.release();
  expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('another rebuild is running')]);

  await suite.read.query("INSERT INTO event_archive_moved VALUES ('2025-01', 1, 0, 'digest')");
  expect((await rebuild('--accept')).stderr).toContain('2025-01 are in the data lake');
  await suite.read.query('DELETE FROM event_archive_moved');

  await suite.read.query("DELETE FROM event_archive WHERE event_type = 'PurchaseCreated'");
  const { code, stdout } = await rebuild('--accept');
  expect([code, stdout]).toEqual([1, expect.stringContaining('4 event(s) of the live views are not in the archive')]);
  await expectVerified();
});
