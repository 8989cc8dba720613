import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/eventually';
import { runCommand } from '../setup/run-command.js';
import { type Suite, startSuite } from '../setup/suite.js';

let suite: Suite;
beforeAll(async () => {
  suite = await startSuite();
});
afterAll(() => suite.stop());

async function demo(...options: string[]): Promise<{ code: number; output: string }> {
  const main = fileURLToPath(new URL('../../demo/dist/main.js', import.meta.url));
  const urls = ['--command', suite.command.url, '--query', suite.query.url];
  const child = spawn(process.execPath, [main, ...urls, ...options], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, WRITE_DATABASE_URL: suite.writeDatabaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [code] = await once(child, 'close');
  return { code, output };
}

test('the demo fills the shop with a past and a present, every order of which is counted once', async () => {
  const { code, output } = await demo('--history', '2', '--minutes', '0.05', '--rate', '20');
  expect({ code, output }).toMatchObject({ code: 0 });
  await suite.inSync(60_000);
  // The past is not waited for: the ledger counts events by when they were committed, not by when they were placed.
  await eventually(async () => {
    const { body } = await suite.get('/api/analytics/sync-status');
    expect(body).toMatchObject({ status: 'in-sync', pendingEvents: 0, setAsideEvents: 0 });
  });
  const { rows } = await suite.write.query('SELECT count(*) AS n, sum(total) AS revenue FROM orders');
  const { body } = await suite.get('/api/analytics/sales/daily?days=4');
  const sum = (of: 'orders' | 'revenue') =>
    body.days.reduce((all: number, day: Record<string, number>) => all + (day[of] ?? 0), 0);
  expect(sum('orders')).toBe(Number(rows[0].n));
  expect(sum('revenue')).toBeCloseTo(Number(rows[0].revenue), 2);
  expect(body.days.filter(({ orders }: { orders: number }) => orders > 100).length).toBeGreaterThanOrEqual(2);
  const { stdout, code: verified } = await runCommand(suite, 'verify');
  expect({ stdout, verified }).toMatchObject({ verified: 0 });
}, 120_000);

test('a second run finds the shelves full and the past written', async () => {
  const before = await suite.write.query('SELECT count(*) AS n FROM products');
  const { code, output } = await demo('--history', '2', '--minutes', '0.01');
  expect(code).toBe(0);
  expect(output).toContain('has a past already');
  expect((await suite.write.query('SELECT count(*) AS n FROM products')).rows).toEqual(before.rows);
}, 60_000);

const importer = fileURLToPath(new URL('../../command-service/dist/operations/import-orders.main.js', import.meta.url));

function startImport(lines: string): ChildProcess & { readonly stdout: Readable; readonly stderr: Readable } {
  const child = spawn(process.execPath, [importer], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, WRITE_DATABASE_URL: suite.writeDatabaseUrl },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(lines);
  return child;
}

test('an import whose reader leaves early, as head does, stores all lines', async () => {
  const { body } = await suite.post('/api/products', { name: 'Atlas', category: 'Office', price: 1, stock: 1_000 });
  const line = JSON.stringify({
    placedAt: '2026-11-01T09:30:00Z',
    customerId: 4_711,
    items: [{ productId: body.productId, quantity: 1 }],
  });
  const child = startImport(`${line}\n`.repeat(450));
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4711');
  expect(rows).toEqual([{ n: 450 }]);
});

test('nothing is called complete beyond the begin of an import that is under way', async () => {
  const { body } = await suite.post('/api/products', { name: 'Globe', category: 'Office', price: 1, stock: 1 });
  const holder = await suite.write.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE order_items IN SHARE MODE');
    const line = {
      placedAt: '2026-11-01T09:30:00Z',
      customerId: 1,
      items: [{ productId: body.productId, quantity: 1 }],
    };
    const child = startImport(JSON.stringify(line));
    child.stdout.resume();
    const ended = once(child, 'close');
    const [began] = await eventually(async () => {
      const waiting = `SELECT xact_start AS at FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      const { rows } = await suite.write.query(waiting);
      expect(rows).toHaveLength(1);
      return rows as { at: Date }[];
    });
    // Two of the write side's turns: were the import not waited for, the seconds since would be told.
    await holder.query('SELECT pg_sleep(2.5)');
    const { rows } = await suite.read.query('SELECT measured_at AS until FROM sync_state');
    expect(rows[0].until.getTime()).toBeLessThanOrEqual(began?.at.getTime() ?? 0);
    await holder.query('COMMIT');
    expect(await ended).toEqual([0, null]);
  } finally {
    holder.release();
  }
});

test('an import says which line is refused or wrong and why, what it has stored, and where to go on', async () => {
  const { body } = await suite.post('/api/products', { name: 'Chart', category: 'Office', price: 1, stock: 199 });
  const line = (quantity: number) =>
    JSON.stringify({
      placedAt: '2026-11-01T09:30:00Z',
      customerId: 4_712,
      items: [{ productId: body.productId, quantity }],
    });
  // As some editors save it, and with lines left empty.
  const child = startImport(`\ufeff\n${`${line(1)}\n`.repeat(199)}\n${line(1)}\n${line(0)}\n`);
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  expect(stdout.join('')).toBe('199 imported, 1 refused\n');
  expect(stderr.join('')).toBe(
    `line 202 is refused: product ${body.productId} has only 0 left\n` +
      'line 203 is not an order: #/items/0/quantity must be at least 1\n' +
      'Lines 1 to 202 are done; go on with line 203: tail -n +203\n',
  );
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4712');
  expect(rows).toEqual([{ n: 199 }]);
});

test('a line that is no order stops the import with its number, and a wrong option with the usage', async () => {
  for (const line of [
    '{ "placedAt": "2026-11-01T09:30:00Z" }',
    '{ "placedAt": "0000-01-01T00:00:00Z", "customerId": 1, "items": [{ "productId": 1, "quantity": 1 }] }',
  ]) {
    const child = startImport(`${line}\n`);
    child.stdout.resume();
    let told = '';
    child.stderr.on('data', (data) => (told += data));
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(told).toMatch(/line 1 is not an order/);
  }
  expect(await demo('--rate', 'fast')).toMatchObject({ code: 2, output: expect.stringContaining('npm run demo') });
});
