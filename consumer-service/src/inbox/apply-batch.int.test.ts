import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { onPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import { v7 as uuidv7 } from 'uuid';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import type { DeadLetterMessage } from '../dead-letters/dead-letter-message.js';
import { discardDeadLetter } from '../dead-letters/dead-letters.sql.js';
import { dryRun } from '../dead-letters/dry-run.js';
import { viewTables } from '../projections/index.js';
import { applyBatch, applyInTransaction, type Batch } from './apply-batch.js';
import { applyIsolating } from './apply-isolating.js';
import { type DecodedEvent, decode } from './decode.js';
import { TableAtFault } from './refusal.js';

const { pool, url } = await openTestDatabase('read');

const DAY_MS = 86_400_000;
const occurredAt = new Date().toISOString();

function event(queue: string, body: Readonly<Record<string, unknown>>): DecodedEvent {
  const bytes = Buffer.from(JSON.stringify({ occurredAt, ...body }));
  const decoded = decode({ queue, body: bytes, messageId: randomUUID(), appId: 'test', traceparent: undefined });
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const order = (productId: number) =>
  event('order-events', {
    eventType: 'OrderCreated',
    orderId: productId,
    customerId: productId,
    total: 4.5,
    items: [{ productId, category: 'Kitchen', quantity: 1, price: 4.5 }],
  });

/** Returns the event as if it came from the outbox, so that the ledger counts it. */
const fromOutbox = (decoded: DecodedEvent): DecodedEvent => {
  return { ...decoded, id: `0199aaaa-bbbb-7ccc-8ddd-${decoded.id.slice(-12)}`, fromOutbox: true };
};

const product = (productId: number) =>
  event('product-events', {
    eventType: 'ProductCreated',
    productId,
    name: 'Mug',
    category: 'Kitchen',
    price: 4.5,
    stock: 1,
  });

const purchase = (purchaseId: number) =>
  event('purchase-events', {
    eventType: 'PurchaseCreated',
    purchaseId,
    branchId: 'harbour',
    day: '2026-11-21',
    cashierId: 'c',
    posId: 'p',
    receiptId: String(purchaseId),
    userId: randomUUID(),
    total: 4.5,
    items: [{ productId: 1, quantity: 1, price: 4.5 }],
  });

const apply = (...events: DecodedEvent[]) => applyBatch(pool, { events, deadLetters: [], watermarks: [] });

async function salesOf(productId: number) {
  const { rows } = await pool.query(
    'SELECT order_count AS orders, total_revenue::text AS revenue FROM product_sales_view WHERE product_id = $1',
    [productId],
  );
  return rows;
}

test('an event that comes again, in its batch or in a later one, is applied once', async () => {
  const first = order(1);
  expect(await apply(first, first)).toMatchObject({ applied: [{ id: first.id }], duplicates: 1 });
  expect(await apply(first, order(2))).toMatchObject({ applied: [expect.anything()], duplicates: 1 });
  expect(await salesOf(1)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test.each([
  ['lose their prepared statements', 'DEALLOCATE ALL'],
  ['are older than a migration of the inbox', 'ALTER TABLE processed_events ADD COLUMN IF NOT EXISTS note TEXT'],
])('a batch is applied once, in one statement or in a transaction, when all sessions %s', async (_what, change) => {
  const sessions = createTestPool(url, { maxConnections: 2 });
  const batch = (...events: DecodedEvent[]) => applyBatch(sessions, { events, deadLetters: [], watermarks: [] });
  const seen = order(60);
  const inAllSessions = async (work: () => Promise<unknown>) => void (await Promise.all([work(), work()]));
  await inAllSessions(() => batch(order(61)));
  await batch(seen);
  await inAllSessions(() => batch(seen));
  for (let session = 0; session < 2; session += 1) {
    await inAllSessions(() => sessions.query(change));
    expect(await batch(order(62))).toMatchObject({ applied: [expect.anything()], duplicates: 0 });
    expect(await batch(seen, order(62))).toMatchObject({ applied: [expect.anything()], duplicates: 1 });
  }
  expect((await salesOf(62))[0]?.orders).toBe(4);
  await pool.query('DELETE FROM product_sales_view WHERE product_id = 62');
  await sessions.end();
});

test('an event past retention is applied once when it is replayed, because the archive has it', async () => {
  const daysAgo = (days: number) => ({ ...fromOutbox(order(45)), id: uuidv7({ msecs: Date.now() - days * DAY_MS }) });
  const [replayed, late] = [daysAgo(40), daysAgo(41)];
  await apply(replayed);
  await pool.query('DELETE FROM processed_events WHERE event_id = $1', [replayed.id]);
  expect(await apply(replayed, late)).toMatchObject({ applied: [{ id: late.id }], duplicates: 1 });
  expect(await salesOf(45)).toEqual([{ orders: 2, revenue: '9.00' }]);
});

test('an event that fails to reach its views is not recorded as applied', async () => {
  const failing = order(3);
  await pool.query('ALTER TABLE product_sales_view RENAME TO away');
  await expect(apply(failing)).rejects.toThrow('product_sales_view');
  await pool.query('ALTER TABLE away RENAME TO product_sales_view');
  expect(await apply(failing)).toMatchObject({ applied: [{ id: failing.id }], duplicates: 0 });
  expect(await salesOf(3)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test('events wait while the table of their view is missing, and do not become dead letters', async () => {
  const batch = { events: [product(31), product(32)], deadLetters: [], watermarks: [] };
  await pool.query('ALTER TABLE products_read RENAME TO away');
  await expect(applyIsolating(pool, batch)).rejects.toThrow('products_read');
  await pool.query('ALTER TABLE away RENAME TO products_read');
  expect(await applyIsolating(pool, batch)).toMatchObject({ applied: [{}, {}], duplicates: 0, deadLetters: [] });
});

test('events are applied after their connection lost its prepared statements, and do not become dead letters', async () => {
  const one = createTestPool(url, { maxConnections: 1 });
  const batchOf = (id: number) => ({ events: [order(id)], deadLetters: [], watermarks: [] });
  await applyIsolating(one, batchOf(33));
  await one.query('DEALLOCATE ALL');
  expect(await applyIsolating(one, batchOf(34))).toMatchObject({ applied: [{}], duplicates: 0, deadLetters: [] });
  await one.end();
});

test.each([
  ['a column that must not be empty', 'ADD COLUMN vip BOOLEAN NOT NULL', 'DROP COLUMN vip', 'column vip'],
  [
    'a check that no order passes',
    'ADD CONSTRAINT vip CHECK (customer_id < 0) NOT VALID',
    'DROP CONSTRAINT vip',
    'constraint vip',
  ],
  [
    'a check that no order of this shop passes',
    'ADD CONSTRAINT few CHECK (total > 50) NOT VALID',
    'DROP CONSTRAINT few',
    'constraint few',
  ],
  [
    'a column too narrow for any order',
    'ALTER COLUMN total TYPE NUMERIC(2, 2)',
    'ALTER COLUMN total TYPE NUMERIC',
    'numeric',
  ],
])('valid events wait while a table has %s, and do not become dead letters', async (_what, add, undo, named) => {
  await pool.query('TRUNCATE orders_read, event_archive');
  await applyIsolating(pool, { events: [order(50)], deadLetters: [], watermarks: [] });
  const good = { events: [order(51), product(52), order(53)], deadLetters: [], watermarks: [] };
  await pool.query(`TRUNCATE orders_read; ALTER TABLE orders_read ${add}`);
  try {
    const refusal = await applyIsolating(pool, good).catch((error: Error) => error);
    expect(refusal).toBeInstanceOf(TableAtFault);
    expect((refusal as Error).message).toMatch(/^every OrderCreated is refused, even a valid one/);
    expect((refusal as Error).message).toContain(named);
  } finally {
    await pool.query(`ALTER TABLE orders_read ${undo}`);
  }
  expect(await applyIsolating(pool, good)).toMatchObject({ applied: [{}, {}, {}], duplicates: 0, deadLetters: [] });
});

test('an event that a check refuses becomes a dead letter when the check accepts valid events', async () => {
  await pool.query('ALTER TABLE orders_read ADD CONSTRAINT no_54 CHECK (order_id <> 54)');
  const batch = { events: [order(54), order(55)], deadLetters: [], watermarks: [] };
  const { applied, deadLetters } = await applyIsolating(pool, batch);
  await pool.query('ALTER TABLE orders_read DROP CONSTRAINT no_54');
  expect(applied).toMatchObject([{ event: { orderId: 55 } }]);
  expect(deadLetters).toMatchObject([{ reason: expect.stringContaining('no_54') }]);
  await pool.query('DELETE FROM dead_letters');
});

function recordDeadLetter({ id, queue }: DecodedEvent, isFromOutbox: boolean) {
  const deadLetter = {
    kind: 'dead-letter' as const,
    id,
    queue,
    reason: 'not understood yet',
    fromOutbox: isFromOutbox,
  };
  return applyBatch(pool, { events: [], deadLetters: [deadLetter], watermarks: [] });
}

async function deadLettersAndAccounted() {
  const counts =
    'SELECT (SELECT count(*) FROM dead_letters) AS "deadLetters", (SELECT sum(settled)::int FROM event_ledger) AS accounted';
  return (await pool.query(counts)).rows[0];
}

test.each([
  ['came from the outbox', true],
  ['was a copy that did not name its origin', false],
])(
  'an event whose dead letter %s is applied and accounted for once, and the dead letter is deleted',
  async (_how, isFromOutbox) => {
    await pool.query('DELETE FROM event_ledger');
    const redriven = fromOutbox(order(isFromOutbox ? 4 : 40));
    const { id } = redriven;
    await recordDeadLetter(redriven, isFromOutbox);
    expect(await apply(redriven, order(5))).toMatchObject({ applied: [{ id }, {}], duplicates: 0 });
    expect(await salesOf(isFromOutbox ? 4 : 40)).toEqual([{ orders: 1, revenue: '4.50' }]);
    expect(await deadLettersAndAccounted()).toEqual({ deadLetters: 0, accounted: 1 });
  },
);

test('an applied event does not become a dead letter when an older consumer cannot read its copy', async () => {
  await pool.query('DELETE FROM event_ledger');
  const applied = fromOutbox(order(41));
  await apply(applied);
  await recordDeadLetter(applied, true);
  expect(await deadLettersAndAccounted()).toEqual({ deadLetters: 0, accounted: 1 });
  // A row that an earlier version inserted is deleted when the event comes once more.
  await pool.query("INSERT INTO dead_letters (event_id, queue, reason, counted) VALUES ($1, 'q', 'late', true)", [
    applied.id,
  ]);
  expect(await apply(applied)).toMatchObject({ applied: [], duplicates: 1 });
  expect(await deadLettersAndAccounted()).toEqual({ deadLetters: 0, accounted: 1 });
});

test('an event discarded for good is accounted for once when it is published, refused and applied again', async () => {
  await pool.query('DELETE FROM event_ledger');
  const discarded = fromOutbox(order(42));
  await recordDeadLetter(discarded, true);
  expect(await discardDeadLetter(onPool(pool), discarded.id, true)).toBe(true);
  await recordDeadLetter(discarded, true);
  expect(await deadLettersAndAccounted()).toMatchObject({ accounted: 1 });
  expect(await apply(discarded)).toMatchObject({ applied: [{ id: discarded.id }] });
  expect(await deadLettersAndAccounted()).toEqual({ deadLetters: 0, accounted: 1 });
});

test.each([
  ['the dead letter is recorded first', true],
  ['the event is applied first', false],
])(
  'an event that two consumers apply and record as a dead letter is accounted for once when %s',
  async (_how, deadLetterIsFirst) => {
    await pool.query('TRUNCATE event_ledger, dead_letters');
    const event = fromOutbox(order(deadLetterIsFirst ? 43 : 44));
    const deadLetter = {
      kind: 'dead-letter' as const,
      id: event.id,
      queue: event.queue,
      reason: 'older',
      fromOutbox: true,
    };
    const batches: Batch[] = [
      { events: [], deadLetters: [deadLetter], watermarks: [] },
      { events: [event], deadLetters: [], watermarks: [] },
    ];
    const [first, second] = (deadLetterIsFirst ? batches : batches.reverse()) as [Batch, Batch];
    let other: Promise<unknown> | undefined;
    await withTransaction(pool, 'first', async (tx) => {
      await applyInTransaction(tx, first);
      other = applyBatch(pool, second);
      await untilLockWaiters(pool, 1);
    });
    await other;
    expect(await deadLettersAndAccounted()).toEqual({ deadLetters: 0, accounted: 1 });
    expect(await salesOf(deadLetterIsFirst ? 43 : 44)).toEqual([{ orders: 1, revenue: '4.50' }]);
  },
);

test('every batch writes its tables in one order: the inbox, the archive, the views, the ledger', async () => {
  const tables = ['processed_events', 'event_archive', ...viewTables, 'event_ledger'];
  await pool.query('CREATE TABLE written (n BIGINT GENERATED ALWAYS AS IDENTITY, name TEXT)');
  await pool.query(`CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                      INSERT INTO written (name) VALUES (TG_TABLE_NAME); RETURN NULL; END $$`);
  for (const table of tables)
    await pool.query(`CREATE TRIGGER note BEFORE INSERT ON ${table} EXECUTE FUNCTION note_write()`);
  const written = async () => {
    const { rows } = await pool.query(
      'WITH gone AS (DELETE FROM written RETURNING *) SELECT name FROM gone ORDER BY n',
    );
    return rows.map(({ name }) => name);
  };
  const known = fromOutbox(order(6));
  await apply(known, product(7), purchase(7));
  const inOneStatement = await written();
  // After several runs PostgreSQL uses a generic plan, which could have another order.
  for (let n = 0; n < 10; n += 1) await apply(fromOutbox(order(8)), product(9 + n), purchase(9 + n));
  const ofTheLast = (await written()).slice(-inOneStatement.length);
  await apply(known, fromOutbox(order(20)), product(20), purchase(20));
  for (const order of [inOneStatement, ofTheLast, await written()]) expect(order).toEqual(tables);
});

test('dry runs, batches and new dead letters do not deadlock', async () => {
  const { id, queue, raw } = order(30);
  const message = { content: raw.body, properties: { messageId: id, headers: {} } };
  const deadLetter = { id, queue, message } as unknown as DeadLetterMessage;
  let tried = 0;
  const tryOften = async () => {
    for (; tried < 20; tried += 1) expect(await dryRun(pool, [deadLetter])).toMatchObject([{ kind: 'would-apply' }]);
  };
  const applyMeanwhile = async (lane: number) => {
    for (let n = 0; tried < 20; n += 2) await apply(order(100 + lane + n), product(100 + lane + n));
  };
  const recordMeanwhile = async () => {
    for (let n = 0; tried < 20; n += 1) {
      const deadLetter = { kind: 'dead-letter' as const, id: randomUUID(), queue, reason: 'broken', fromOutbox: false };
      await applyBatch(pool, { events: [order(1_000 + n)], deadLetters: [deadLetter], watermarks: [] });
    }
  };
  await Promise.all([tryOften(), applyMeanwhile(0), applyMeanwhile(1), recordMeanwhile()]);
});

const receive = (...sentSecondsAgo: number[]) => {
  const watermarks = sentSecondsAgo.map((seconds) => {
    const sent = new Date(Date.now() - seconds * 1_000).toISOString();
    return { measuredAt: sent, toldAt: sent, from: sent, isFirst: true, seconds: [], waiting: 0 };
  });
  return applyBatch(pool, { events: [], deadLetters: [], watermarks });
};

async function watermarkAgeSeconds(): Promise<number> {
  const age = 'extract(epoch FROM clock_timestamp() - clock_offset - measured_at)::float8 AS age';
  return (await pool.query(`SELECT ${age} FROM sync_state`)).rows[0].age;
}

test('a first watermark and a backlog of watermarks count with their real age after waiting in the queue', async () => {
  await receive(3_600);
  expect(await watermarkAgeSeconds()).toBeGreaterThan(3_590);
  await receive(...Array.from({ length: 1_000 }, (_, index) => 2_000 - index));
  const oldest = await watermarkAgeSeconds();
  expect(oldest).toBeGreaterThan(995);
  await receive(0);
  expect(await watermarkAgeSeconds()).toBeLessThan(4);
});

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

test('views are known to lack history when the outbox has pruned events after the newest report, as after a restore', async () => {
  const receiveReport = (measuredAt: string, prunedUntil: string | undefined) =>
    applyBatch(pool, {
      events: [],
      deadLetters: [],
      watermarks: [{ measuredAt, from: measuredAt, isFirst: true, prunedUntil, seconds: [], waiting: 0 }],
    });
  const lacksHistory = async () => (await pool.query('SELECT lacks_history AS lacks FROM sync_state')).rows[0].lacks;
  await pool.query('UPDATE sync_state SET measured_at = $1, lacks_history = false', [daysAgo(40)]);
  await receiveReport(daysAgo(39), undefined);
  await receiveReport(daysAgo(38), daysAgo(50));
  expect(await lacksHistory()).toBe(false);
  await receiveReport(daysAgo(36), daysAgo(37));
  expect(await lacksHistory()).toBe(true);
});

const HOUR_MS = 3_600_000;
const outage = Math.floor(Date.now() / HOUR_MS - 48) * HOUR_MS;
const hourOf = (hour: number) => new Date(outage + hour * HOUR_MS).toISOString();

/** Receives the report of one hour of an outage. It includes the last 15 s of the hour before. */
const receiveHour = (hour: number, { isFirst = hour === 1, prunedUntil }: Partial<Watermark> = {}) => {
  const from = new Date(outage + (hour - 1) * HOUR_MS - 15_000).toISOString();
  const report = { measuredAt: hourOf(hour), from, isFirst, prunedUntil, seconds: [], waiting: 0 };
  return applyBatch(pool, { events: [], deadLetters: [], watermarks: [report] });
};

async function reported(): Promise<{ until: number | null; hasGap: boolean; ahead: number; lacks: boolean }> {
  const { rows } = await pool.query(
    `SELECT measured_at AS at, gap_since IS NOT NULL AS "hasGap", lacks_history AS lacks,
            (SELECT count(*)::int FROM unnest(told_ahead)) AS ahead FROM sync_state`,
  );
  const { at, ...others } = rows[0];
  return { until: at && (at.getTime() - outage) / HOUR_MS, ...others };
}

const resetSyncState = () => pool.query('TRUNCATE sync_state; INSERT INTO sync_state DEFAULT VALUES');

test('watermarks that arrive in any order join without a gap, and a missing one leaves a gap', async () => {
  await resetSyncState();
  await receiveHour(2);
  expect(await reported()).toMatchObject({ until: null, hasGap: true, ahead: 1 });
  await receiveHour(1);
  expect(await reported()).toMatchObject({ until: 2, hasGap: false, ahead: 0 });
  for (const hour of [6, 4, 1]) await receiveHour(hour);
  expect(await reported()).toMatchObject({ until: 2, hasGap: true, ahead: 2 });
  await receiveHour(3);
  expect(await reported()).toMatchObject({ until: 4, hasGap: true, ahead: 1 });
  await receiveHour(5);
  expect(await reported()).toMatchObject({ until: 6, hasGap: false, ahead: 0 });
  await receiveHour(9);
  await receiveHour(8, { isFirst: true });
  expect(await reported()).toMatchObject({ until: 9, hasGap: false, ahead: 0, lacks: false });
});

test('the age of a gap begins again when a watermark makes it smaller', async () => {
  await resetSyncState();
  const gapAge = async () =>
    (await pool.query("SELECT now() - gap_since > interval '1 minute' AS old FROM sync_state")).rows[0].old;
  for (const hour of [1, 5]) await receiveHour(hour);
  await pool.query("UPDATE sync_state SET gap_since = now() - interval '1 hour'");
  await receiveHour(6);
  expect(await gapAge()).toBe(true);
  await receiveHour(2);
  expect(await gapAge()).toBe(false);
});

test('watermarks that are stored at the same time leave no gap', async () => {
  for (let n = 0; n < 10; n += 1) {
    await resetSyncState();
    await Promise.all([1, 2, 3, 4].map((hour) => receiveHour(hour)));
    expect(await reported()).toMatchObject({ until: 4, hasGap: false, ahead: 0 });
  }
});

test('a watermark beyond a gap also reports until when events were pruned', async () => {
  await resetSyncState();
  await receiveHour(1);
  await receiveHour(3, { prunedUntil: hourOf(2) });
  await receiveHour(2);
  expect(await reported()).toMatchObject({ until: 3, lacks: true });
});
