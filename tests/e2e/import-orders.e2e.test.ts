import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { untilLockWaiters } from '../setup/lock-waiters.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

const importer = fileURLToPath(new URL('../../command-service/dist/operations/import-orders.main.js', import.meta.url));

type Import = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };

function startImport(lines?: string, input: 'pipe' | number | Socket = 'pipe', ...options: string[]): Import {
  const child = spawn(process.execPath, [importer, ...options], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, WRITE_DATABASE_URL: suite.writeDatabaseUrl },
    stdio: [input, 'pipe', 'pipe'],
  }) as Import;
  if (lines !== undefined) child.stdin.end(lines);
  return child;
}

async function createProduct(stock: number): Promise<number> {
  const { body } = await suite.post('/api/products', { name: 'Atlas', category: 'Office', price: 1, stock });
  return body.productId;
}

/** Holds up every import at the end of its transaction until it is called. */
async function holdImports(): Promise<() => Promise<void>> {
  const holder = await suite.write.connect();
  await holder.query('BEGIN; LOCK TABLE order_items IN SHARE MODE');
  let isHeld = true;
  return async () => {
    if (!isHeld) return;
    isHeld = false;
    await holder.query('COMMIT');
    holder.release();
  };
}

test('an import whose reader leaves early, as head does, stores all lines', async () => {
  const items = [{ productId: await createProduct(1_000), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_711, items });
  const child = startImport(`${line}\n`.repeat(450));
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4711');
  expect(rows).toEqual([{ n: 450 }]);
});

test('nothing is called complete beyond the begin of an import that is under way', async () => {
  const items = [{ productId: await createProduct(1), quantity: 1 }];
  const release = await holdImports();
  try {
    const child = startImport(JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 1, items }));
    child.stdout.resume();
    const ended = once(child, 'close');
    const [waiting] = await untilLockWaiters(suite.write, 1);
    // Two of the write side's turns: were the import not waited for, the seconds since would be told.
    await suite.write.query('SELECT pg_sleep(2.5)');
    const { rows } = await suite.read.query('SELECT measured_at AS until FROM sync_state');
    expect(rows[0].until.getTime()).toBeLessThanOrEqual(waiting?.transactionStartedAt.getTime() ?? 0);
    await release();
    expect(await ended).toEqual([0, null]);
  } finally {
    await release();
  }
});

test('an import says which line is refused or wrong and why, what it has stored, and where to go on', async () => {
  const productId = await createProduct(199);
  const line = (quantity: number) =>
    JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_712, items: [{ productId, quantity }] });
  // As some editors save it, and with lines left empty.
  const child = startImport(`\ufeff\n${`${line(1)}\n`.repeat(199)}\n${line(1)}\n${line(0)}\n`);
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  expect(stdout.join('')).toBe('199 imported, 1 refused, up to line 202\n');
  expect(stderr.join('')).toBe(
    `line 202 is refused: product ${productId} has only 0 left\n` +
      'line 203 is not an order: #/items/0/quantity must be at least 1\n' +
      'Lines 1 to 202 are done; go on with line 203: tail -n +203\n',
  );
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4712');
  expect(rows).toEqual([{ n: 199 }]);
});

test('with --skip-invalid lines that are no orders are left out, each named in plain words, and told together at the end', async () => {
  const productId = await createProduct(10_000);
  const items = [{ productId, quantity: 1 }];
  const good = { placedAt: '2026-11-01T09:30:00Z', customerId: 4_717, items };
  const line = (more: object) => JSON.stringify({ ...good, ...more });
  const lines = [
    line({}),
    'not an order',
    line({ placedAt: 'yesterday' }),
    line({ placedAt: '2026-11-01' }),
    line({}),
    `{"customerId":1,"customerId":2,"placedAt":"2026-11-01T09:30:00Z","items":[]}`,
    line({ items: [{ productId, quantity: 20_000 }] }),
    ...Array.from({ length: 250 }, () => line({})),
    line({ customerId: '\u001b[2J', gift: true }),
  ];
  const child = startImport(lines.join('\n'), 'pipe', '--skip-invalid');
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  expect(await ended).toEqual([1, null]);
  expect(stderr.join('').trimEnd().split('\n')).toEqual([
    'line 2 is not an order: it is not JSON',
    'line 3 is not an order: #/placedAt must be an RFC 3339 date-time such as 2026-11-20T08:17:46Z',
    'line 4 is not an order: #/placedAt must be an RFC 3339 date-time such as 2026-11-20T08:17:46Z',
    'line 6 is not an order: #/customerId is there more than once',
    'line 7 is not an order: #/items/0/quantity must be at most 10000',
    'line 258 is not an order: #/customerId must be a number, #/gift is not a known field',
  ]);
  expect(stdout.join('')).toMatch(
    /^.*\n252 imported, 0 refused, 6 no orders, up to line 258\nLeft out, because they are no orders: line\(s\) 2 to 4, 6 to 7, 258\n$/,
  );
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4717');
  expect(rows).toEqual([{ n: 252 }]);
});

test('the end of a line counts once, however late its second half comes', async () => {
  const items = [{ productId: await createProduct(200), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_716, items });
  const child = startImport();
  const told = child.stderr.toArray();
  const ended = once(child, 'close');
  child.stdin.write(`${`${line}\r\n`.repeat(199)}${line}\r`);
  await once(child.stdout, 'data');
  // As between two chunks of a file, while a group is stored.
  await delay(150);
  child.stdin.end('\nnothing\r\n');
  expect(await ended).toEqual([2, null]);
  expect((await told).join('')).toMatch(
    /^line 201 is not an order: it is not JSON\nLines 1 to 200 are done; .* \+201\n$/,
  );
});

test('a line that is no order stops the import with its number', async () => {
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
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends an import with its group, and it says where to go on',
  async (signal) => {
    const customerId = signal === 'SIGINT' ? 4_713 : 4_714;
    const items = [{ productId: await createProduct(1_000), quantity: 1 }];
    const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId, items });
    const release = await holdImports();
    const child = startImport();
    const told = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    const ended = once(child, 'close');
    try {
      // The input goes on: 50 lines of the next group are read already.
      child.stdin.write(`\n${`${line}\n`.repeat(250)}`);
      await untilLockWaiters(suite.write, 1);
      child.kill(signal);
    } finally {
      await release();
    }
    expect(await ended).toEqual([2, null]);
    expect((await told).map((chunks) => chunks.join(''))).toEqual([
      '200 imported, 0 refused, up to line 201\n',
      `stopped by ${signal}\nLines 1 to 201 are done; go on with line 202: tail -n +202\n`,
    ]);
    const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = $1', [
      customerId,
    ]);
    expect(rows).toEqual([{ n: 200 }]);
  },
);

test('an input that cannot be read is no empty one', async () => {
  const directory = openSync('/', 'r');
  const child = startImport(undefined, directory);
  closeSync(directory);
  child.stdout.resume();
  const told = child.stderr.toArray();
  expect(await once(child, 'close')).toEqual([2, null]);
  expect((await told).join('')).toBe(
    'the input cannot be read: it is a directory\nNo line is stored; go on with line 1: tail -n +1\n',
  );
});

test('an input that breaks off half-way is not at its end', async () => {
  const items = [{ productId: await createProduct(1_000), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_715, items });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [reader] = (await once(server, 'connection')) as [Socket];
  server.close();
  const child = startImport(undefined, reader);
  const told = child.stderr.toArray();
  const ended = once(child, 'close');
  writer.write(`${line}\n`.repeat(250));
  await once(child.stdout, 'data');
  writer.resetAndDestroy();
  expect(await ended).toEqual([2, null]);
  expect((await told).join('')).toBe(
    'the input cannot be read: read ECONNRESET\nLines 1 to 200 are done; go on with line 201: tail -n +201\n',
  );
  reader.destroy();
});
