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
  return startImportWith({}, lines, input, ...options);
}

function startImportWith(
  settings: Readonly<Record<string, string>>,
  lines?: string,
  input: 'pipe' | number | Socket = 'pipe',
  ...options: string[]
): Import {
  const child = spawn(process.execPath, [importer, ...options], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, WRITE_DATABASE_URL: suite.writeDatabaseUrl, ...settings },
    stdio: [input, 'pipe', 'pipe'],
  }) as Import;
  if (lines !== undefined) child.stdin.end(lines);
  return child;
}

async function createProduct(stock: number): Promise<number> {
  const { body } = await suite.post('/api/products', { name: 'Atlas', category: 'Office', price: 1, stock });
  return body.productId;
}

/** Blocks every import at the end of its transaction. The returned function lets it go on. */
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

test('an import stores all lines when the reader of its output leaves early, as head does', async () => {
  const items = [{ productId: await createProduct(1_000), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_711, items });
  const child = startImport(`${line}\n`.repeat(450));
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4711');
  expect(rows).toEqual([{ n: 450 }]);
});

test.each([
  ['no version', {}, 1],
  ['version 2', { EVENT_VERSIONS: 'OrderCreated=2' }, 2],
] as const)('writes events of the version that the setting names: %s', async (_what, settings, version) => {
  const customerId = 4_720 + version;
  const productId = await createProduct(10);
  const items = [productId, productId].map((id) => ({ productId: id, quantity: 1 }));
  const placedAt = '1999-12-31T23:59:59.999Z';
  const child = startImportWith(settings, JSON.stringify({ placedAt, customerId, items }));
  child.stdout.resume();
  expect(await once(child, 'close')).toEqual([0, null]);
  const { rows } = await suite.write.query(
    `SELECT payload, created_at AS "committedAt" FROM outbox WHERE payload @> jsonb_build_object('customerId', $1::int)`,
    [customerId],
  );
  const [{ payload, committedAt }] = rows;
  expect([payload.version, payload.occurredAt, payload.placedAt]).toEqual(
    version === 1 ? [undefined, placedAt, undefined] : [2, committedAt.toISOString(), placedAt],
  );
  const { rows: lines } = await suite.write.query(
    'SELECT i.line, i.category FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.customer_id = $1 ORDER BY line',
    [customerId],
  );
  expect(lines).toEqual([
    { line: 1, category: 'Office' },
    { line: 2, category: 'Office' },
  ]);
  await suite.inSync();
  const { body } = await suite.get(`/api/orders?customerId=${customerId}`);
  const line = { productId, category: 'Office', quantity: 1, price: 1 };
  expect(body).toEqual([expect.objectContaining({ customerId, placedAt, items: [line, line] })]);
});

test('watermarks do not pass the beginning of a running import', async () => {
  const items = [{ productId: await createProduct(1), quantity: 1 }];
  const release = await holdImports();
  try {
    const child = startImport(JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 1, items }));
    child.stdout.resume();
    const ended = once(child, 'close');
    const [waiting] = await untilLockWaiters(suite.write, 1);
    // Two watermarks are published meanwhile. They must not report seconds after the import began.
    await suite.write.query('SELECT pg_sleep(2.5)');
    const { rows } = await suite.read.query('SELECT measured_at AS until FROM sync_state');
    expect(rows[0].until.getTime()).toBeLessThanOrEqual(waiting?.transactionStartedAt.getTime() ?? 0);
    await release();
    expect(await ended).toEqual([0, null]);
  } finally {
    await release();
  }
});

test('an import names each refused or faulty line with its reason, the stored lines, and the line to resume from', async () => {
  const productId = await createProduct(199);
  const line = (quantity: number) =>
    JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_712, items: [{ productId, quantity }] });
  // The input has a byte order mark, as some editors write it, and empty lines.
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

test('an import with --skip-invalid leaves out lines that are no orders, names each with its reason, and lists them at the end', async () => {
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
    /^.*\n252 imported, 0 refused, 6 invalid, up to line 258\nLeft out, because they are not orders: line\(s\) 2 to 4, 6 to 7, 258\n$/,
  );
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = 4717');
  expect(rows).toEqual([{ n: 252 }]);
});

test('an import counts a line break once when its CR and LF arrive in different chunks', async () => {
  const items = [{ productId: await createProduct(200), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_716, items });
  const child = startImport();
  const errors = child.stderr.toArray();
  const ended = once(child, 'close');
  child.stdin.write(`${`${line}\r\n`.repeat(199)}${line}\r`);
  await once(child.stdout, 'data');
  // The LF arrives after a pause, while a group is stored.
  await delay(150);
  child.stdin.end('\nnothing\r\n');
  expect(await ended).toEqual([2, null]);
  expect((await errors).join('')).toMatch(
    /^line 201 is not an order: it is not JSON\nLines 1 to 200 are done; .* \+201\n$/,
  );
});

test('an import stops at a line that is no order, and names its number', async () => {
  for (const line of [
    '{ "placedAt": "2026-11-01T09:30:00Z" }',
    '{ "placedAt": "0000-01-01T00:00:00Z", "customerId": 1, "items": [{ "productId": 1, "quantity": 1 }] }',
  ]) {
    const child = startImport(`${line}\n`);
    child.stdout.resume();
    let errors = '';
    child.stderr.on('data', (data) => (errors += data));
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(errors).toMatch(/line 1 is not an order/);
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends an import after its current group, and the import names the line to resume from',
  async (signal) => {
    const customerId = signal === 'SIGINT' ? 4_713 : 4_714;
    const items = [{ productId: await createProduct(1_000), quantity: 1 }];
    const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId, items });
    const release = await holdImports();
    const child = startImport();
    const output = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    const ended = once(child, 'close');
    try {
      // A group has 200 lines, so 50 lines of the next group are already read.
      child.stdin.write(`\n${`${line}\n`.repeat(250)}`);
      await untilLockWaiters(suite.write, 1);
      child.kill(signal);
    } finally {
      await release();
    }
    expect(await ended).toEqual([2, null]);
    expect((await output).map((chunks) => chunks.join(''))).toEqual([
      '200 imported, 0 refused, up to line 201\n',
      `stopped by ${signal}\nLines 1 to 201 are done; go on with line 202: tail -n +202\n`,
    ]);
    const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE customer_id = $1', [
      customerId,
    ]);
    expect(rows).toEqual([{ n: 200 }]);
  },
);

test('an import fails when its input cannot be read, such as a directory', async () => {
  const directory = openSync('/', 'r');
  const child = startImport(undefined, directory);
  closeSync(directory);
  child.stdout.resume();
  const errors = child.stderr.toArray();
  expect(await once(child, 'close')).toEqual([2, null]);
  expect((await errors).join('')).toBe(
    'the input cannot be read: it is a directory\nNo line is stored; go on with line 1: tail -n +1\n',
  );
});

test('an import fails when its input breaks off, and names the line to resume from', async () => {
  const items = [{ productId: await createProduct(1_000), quantity: 1 }];
  const line = JSON.stringify({ placedAt: '2026-11-01T09:30:00Z', customerId: 4_715, items });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [reader] = (await once(server, 'connection')) as [Socket];
  server.close();
  const child = startImport(undefined, reader);
  const errors = child.stderr.toArray();
  const ended = once(child, 'close');
  writer.write(`${line}\n`.repeat(250));
  await once(child.stdout, 'data');
  writer.resetAndDestroy();
  expect(await ended).toEqual([2, null]);
  expect((await errors).join('')).toBe(
    'the input cannot be read: read ECONNRESET\nLines 1 to 200 are done; go on with line 201: tail -n +201\n',
  );
  reader.destroy();
});
