import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { deadLetterQueueOf } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { BROKEN_JSON, json } from '../faults/load/bad-messages.js';
import { withChannel } from '../faults/world/broker-access.js';
import { untilLockWaiters } from '../setup/lock-waiters.js';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand, spawnCommand, startCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

const order = (orderId: number, more: object = {}) => ({
  eventType: 'OrderCreated',
  occurredAt: '2026-11-20T08:17:46.438Z',
  orderId,
  customerId: 900,
  total: 12.5,
  items: [{ productId: 7001, category: 'Foreign', quantity: 1, price: 12.5 }],
  ...more,
});

const publish = (body: object | string, properties: object = {}) =>
  publishOrderMessage(suite.brokerUrl, body, properties);

async function listed(): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCommand(suite, 'dead-letters', 'list', '--json');
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function untilListed(count: number): Promise<Record<string, unknown>[]> {
  return eventually(async () => {
    const deadLetters = await listed();
    expect(deadLetters.filter(({ recorded, hasMessage }) => recorded && hasMessage)).toHaveLength(count);
    return deadLetters;
  });
}

const customer = async (id: number) => (await suite.get(`/api/analytics/customers/${id}/ltv`)).body;

test('lists a refused message, tries it without a trace, and counts it once when it is redriven twice', async () => {
  expect((await runCommand(suite, 'dead-letters', 'list')).stdout).toBe('No dead letters.\n');
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuse CHECK (customer_id <> 900)');
  await publish(order(1));
  const [deadLetter] = await untilListed(1);
  const id = String(deadLetter?.id);
  expect(deadLetter).toMatchObject({ queue: 'order-events', counted: false, applied: false });
  expect(deadLetter?.reason).toMatch(/refuse/);

  const refused = await runCommand(suite, 'dead-letters', 'redrive', '--dry-run');
  expect(refused.stdout).toMatch(/would be a dead letter again: unappliable: .*refuse/);
  const shown = await runCommand(suite, 'dead-letters', 'show', id);
  expect(shown.stdout).toContain(JSON.stringify(order(1)));
  expect(shown.stdout).toContain('"x-origin-queue": "order-events"');

  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuse');
  const tried = await runCommand(suite, 'dead-letters', 'redrive', '--dry-run', '--id', id);
  expect(tried.code).toBe(0);
  expect(tried.stdout).toMatch(/customer_ltv_view\n\s+\+ \{.*"customer_id": 900, .*"total_spent": 12.50/);
  expect((await suite.get('/api/analytics/customers/900/ltv')).status).toBe(404);
  expect(await listed()).toHaveLength(1);

  // A redrive that dies before its acknowledgement leaves the message in both queues. Here the test publishes the copy.
  await publish(order(1));
  await eventually(async () => expect(await customer(900)).toMatchObject({ orderCount: 1 }));
  const already = await runCommand(suite, 'dead-letters', 'redrive', '--dry-run');
  expect(already.stdout).toContain('is in the views already: nothing would change');
  const redriven = await runCommand(suite, 'dead-letters', 'redrive');
  expect([redriven.code, redriven.stdout]).toEqual([0, expect.stringContaining(`${id}  returned to order-events`)]);
  await publish(order(2, { customerId: 901 }));
  await eventually(async () => expect(await customer(901)).toMatchObject({ orderCount: 1 }));
  expect(await customer(900)).toMatchObject({ orderCount: 1, totalSpent: 12.5 });
  expect(await listed()).toEqual([]);
});

test('a redrive keeps the id of a message, whether it came from a property, the body or the content', async () => {
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuse CHECK (customer_id <> 910)');
  const eventId = '0193a000-0000-7000-8000-000000000001';
  await publish(order(11, { customerId: 910 }), { messageId: 'not a uuid' });
  await publish(order(12, { customerId: 910 }), { messageId: '0193A000-0000-7000-8000-00000000ABCD' });
  await publish(order(13, { customerId: 910, eventId }));
  await publish(order(14, { customerId: 910 }));
  await untilListed(4);
  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuse');
  expect((await runCommand(suite, 'dead-letters', 'redrive', '--queue', 'order-events')).code).toBe(0);
  await eventually(async () => expect(await customer(910)).toMatchObject({ orderCount: 4 }));
  expect(await listed()).toEqual([]);

  // The same messages are published again. Each has the id under which its redriven copy was applied.
  await publish(order(11, { customerId: 910 }), { messageId: 'not a uuid' });
  await publish(order(12, { customerId: 910 }), { messageId: '0193A000-0000-7000-8000-00000000ABCD' });
  await publish(order(13, { customerId: 910, eventId }));
  await publish(order(14, { customerId: 910 }));
  await publish(order(15, { customerId: 911 }));
  await eventually(async () => expect(await customer(911)).toMatchObject({ orderCount: 1 }));
  expect(await customer(910)).toMatchObject({ orderCount: 4 });
});

test('a message that still cannot be applied comes back with its first-seen time, and can be discarded', async () => {
  await publish(BROKEN_JSON);
  const [before] = await untilListed(1);
  expect((await runCommand(suite, 'dead-letters', 'redrive', '--id', String(before?.id))).code).toBe(0);
  const [after] = await untilListed(1);
  expect(after).toEqual(before);
  const shown = await runCommand(suite, 'dead-letters', 'show', String(before?.id));
  expect(shown.stdout).toContain(BROKEN_JSON);
  const discarded = await runCommand(suite, 'dead-letters', 'discard', '--id', String(before?.id));
  expect([discarded.code, discarded.stdout]).toEqual([0, expect.stringContaining('discarded')]);
  expect(await listed()).toEqual([]);
});

test('keeps the record of a discarded event of the write side until it is discarded for good', async () => {
  const id = '0193a000-0000-7000-8000-000000000002';
  await publish(BROKEN_JSON, { appId: 'command-service', messageId: id });
  await untilListed(1);
  await runCommand(suite, 'dead-letters', 'discard', '--id', id);
  expect(await listed()).toMatchObject([{ id, hasMessage: false, counted: true }]);
  expect((await suite.get('/api/analytics/sync-status')).body).toMatchObject({ setAsideEvents: 1 });
  await runCommand(suite, 'dead-letters', 'discard', '--id', id, '--for-good');
  expect(await listed()).toEqual([]);
  expect((await suite.get('/api/analytics/sync-status')).body).toMatchObject({ setAsideEvents: 0 });
  // A replay brings the message again, and it is refused again. The event stays discarded.
  await publish(BROKEN_JSON, { appId: 'command-service', messageId: id });
  await untilListed(1);
  expect((await suite.get('/api/analytics/sync-status')).body).toMatchObject({ setAsideEvents: 0 });
  await runCommand(suite, 'dead-letters', 'discard', '--id', id);
  expect(await listed()).toEqual([]);
});

/** Blocks every dry run at its first statement. The returned function lets it go on. */
async function holdDryRuns(): Promise<() => Promise<void>> {
  const holder = await suite.read.connect();
  await holder.query('BEGIN; LOCK TABLE processed_events IN SHARE MODE');
  return async () => {
    await holder.query('COMMIT');
    holder.release();
  };
}

test('refuses a second dead-letters command while another holds messages, because it would not see them', async () => {
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuse CHECK (customer_id <> 920)');
  await publish(order(20, { customerId: 920 }));
  const [deadLetter] = await untilListed(1);
  const release = await holdDryRuns();
  const dryRun = startCommand(suite, 'dead-letters', 'redrive', '--dry-run');
  try {
    await untilLockWaiters(suite.read, 1);
    for (const args of [['list'], ['discard', '--id', String(deadLetter?.id)]]) {
      const { code, stdout, stderr } = await runCommand(suite, 'dead-letters', ...args);
      expect([code, stdout, stderr]).toEqual([
        2,
        '',
        'another dead-letters command is running and holds the messages; try again when it has ended\n',
      ]);
    }
  } finally {
    await release();
  }
  expect(await dryRun.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await listed()).toEqual([deadLetter]);
  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuse');
  await runCommand(suite, 'dead-letters', 'discard', '--id', String(deadLetter?.id));
});

test('100,000 dead letters are listed in little memory, also to a slow reader', async () => {
  const count = 100_000;
  await suite.read.query(
    `INSERT INTO dead_letters (event_id, queue, reason, counted)
     SELECT gen_random_uuid(), 'order-events', repeat('too long ', 20), false FROM generate_series(1, $1)`,
    [count],
  );
  const child = spawnCommand(suite, 'dead-letters', ['list'], ['--max-old-space-size=32']);
  const ended = once(child, 'close');
  const stderr = child.stderr.toArray();
  // The output is not read, so the command must wait.
  await eventually(async () => {
    const idle = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dead-letters'
                     AND state = 'idle' AND state_change < now() - interval '1 second'`;
    expect((await suite.read.query(idle)).rowCount).toBe(1);
  });
  let lines = 0;
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    lines += 1;
    last = line;
  }
  expect([await ended, await stderr]).toEqual([[0, null], []]);
  expect([lines, last]).toEqual([count + 1, `${count} dead letter(s).`]);
  await suite.read.query('DELETE FROM dead_letters');
});

test('prints control characters of a message escaped, so that they cannot change the terminal or fake a line', async () => {
  const sequence = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\r';
  await publish(order(30, { total: sequence }), { type: `Order${sequence}\nfake  line` });
  await publish(`{ "broken": "${sequence}" `, { headers: { [`x-${sequence}`]: sequence } });
  const [deadLetter] = await untilListed(2);
  const ids = (await listed()).map(({ id }) => String(id));
  // A view may hold control characters, too.
  await suite.read.query(
    "INSERT INTO products_read VALUES (99999, $1, $1, 1, 1, now()), (99998, 'plain', 'plain', 1, 1, now())",
    [sequence],
  );
  const outputs = await Promise.all([runCommand(suite, 'verify')]);
  for (const args of [['list'], ['list', '--json'], ...ids.map((id) => ['show', id]), ['redrive', '--dry-run']])
    outputs.push(await runCommand(suite, 'dead-letters', ...args));
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  const [verified, list, json] = outputs.map(({ stdout }) => stdout);
  expect(verified).toContain('\\u001b[2J');
  expect(list?.split('\n')).toHaveLength(4);
  expect(list).toContain('Order\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202e\\u000d\\u000afake  line');
  // The JSON output has the original text.
  const types = (json ?? '').split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).type));
  expect(types).toContain(`Order${sequence}\nfake  line`);
  expect(deadLetter).toBeDefined();
  await suite.read.query('DELETE FROM products_read WHERE product_id IN (99998, 99999)');
  await runCommand(suite, 'dead-letters', 'discard', ...ids.flatMap((id) => ['--id', id]));
});

test('hundreds of dead letters are listed, tried and returned in the order in which they came', async () => {
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuse CHECK (customer_id <> 940)');
  const count = 450;
  // Each message looks like a dead letter of the consumer. Every third can be applied now.
  const headers = { 'x-reason': 'refused by hand', 'x-origin-queue': 'order-events' };
  await withChannel(suite.brokerUrl, async (channel) => {
    for (let n = 0; n < count; n += 1) {
      const body = json(order(40_000 + n, { customerId: n % 3 === 0 ? 941 : 940 }));
      channel.sendToQueue(deadLetterQueueOf('order-events'), body, { persistent: true, headers });
    }
  });
  const deadLetters = await listed();
  expect(deadLetters).toHaveLength(count);
  const tried = await runCommand(suite, 'dead-letters', 'redrive', '--dry-run');
  expect([tried.code, tried.stderr]).toEqual([0, '']);
  expect(tried.stdout.match(/would be applied:/g)).toHaveLength(count / 3);
  expect(tried.stdout.match(/would be a dead letter again: unappliable: .*refuse/g)).toHaveLength((2 * count) / 3);
  // Each dead letter was tried without the others, so the customer has one order in each result.
  expect(tried.stdout.match(/"customer_id": 941, .*"order_count": 1,/g)).toHaveLength(count / 3);
  expect(tried.stdout).toContain(`${count} message(s) tried and rolled back`);
  expect((await listed()).map(({ id }) => id)).toEqual(deadLetters.map(({ id }) => id));
  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuse');
  const redriven = await runCommand(suite, 'dead-letters', 'redrive');
  expect(redriven.stdout.match(/returned to order-events/g)).toHaveLength(count);
  await eventually(async () => expect(await customer(941)).toMatchObject({ orderCount: count / 3 }), {
    timeoutMs: 30_000,
  });
  expect(await listed()).toEqual([]);
});

test('dead letters of both versions of an order are tried and redriven alike', async () => {
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuse CHECK (customer_id <> 950)');
  const first = order(51, { customerId: 950 });
  const lines = first.items.map((item, index) => ({ line: index + 1, ...item }));
  const now = new Date().toISOString();
  const second = { ...first, orderId: 52, version: 2, occurredAt: now, placedAt: first.occurredAt, items: lines };
  await publish(first);
  await publish(second);
  await untilListed(2);
  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuse');
  const tried = await runCommand(suite, 'dead-letters', 'redrive', '--dry-run');
  expect(tried.stdout.match(/would be applied:/g)).toHaveLength(2);
  expect(tried.stdout.match(/"customer_id": 950, .*"total_spent": 12.50/g)).toHaveLength(2);
  expect((await runCommand(suite, 'dead-letters', 'redrive')).code).toBe(0);
  await eventually(async () => expect(await customer(950)).toMatchObject({ orderCount: 2, totalSpent: 25 }));
  const answers = await Promise.all([51, 52].map(async (id) => (await suite.get(`/api/orders/${id}`)).body));
  const { orderId: _first, ...shown } = answers[0];
  expect(answers[1]).toEqual({ ...shown, orderId: 52 });
  expect(shown).toMatchObject({ placedAt: first.occurredAt, items: first.items });
});

test('a wrong dead-letters command exits with 2 and prints the usage', async () => {
  for (const args of [[], ['lst'], ['show'], ['discard'], ['list', '--queue', 'nope'], ['list', '--wrong']]) {
    const { code, stderr } = await runCommand(suite, 'dead-letters', ...args);
    expect([args, code]).toEqual([args, 2]);
    expect(stderr).toContain('npm run dead-letters -- list');
  }
  expect((await runCommand(suite, 'dead-letters', 'show', 'no-such-id')).stderr).toContain('there is no dead letter');
  expect((await runCommand(suite, 'dead-letters', '--help')).code).toBe(0);
});
