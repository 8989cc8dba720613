import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { onPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import { v7 as uuidv7 } from 'uuid';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { forgetDeadLetter } from '../dead-letters/dead-letters.sql.js';
import type { Letter } from '../dead-letters/letter.js';
import { tryLetters } from '../dead-letters/try-letters.js';
import { viewTables } from '../projections/index.js';
import { applyBatch, applyInTransaction, type Batch } from './apply-batch.js';
import { applyIsolating } from './apply-isolating.js';
import { type DecodedEvent, decode } from './decode.js';
import { TableAtFault } from './table-fault.js';

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

/** The same as if it came from the outbox, so that the ledger counts it. */
const counted = (decoded: DecodedEvent): DecodedEvent => {
  return { ...decoded, id: `0199aaaa-bbbb-7ccc-8ddd-${decoded.id.slice(-12)}`, counted: true };
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

const apply = (...events: DecodedEvent[]) => applyBatch(pool, { events, poison: [], watermarks: [] });

async function salesOf(productId: number) {
  const { rows } = await pool.query(
    'SELECT order_count AS orders, total_revenue::text AS revenue FROM product_sales_view WHERE product_id = $1',
    [productId],
  );
  return rows;
}

test('an event that comes again, in its batch or in a later one, is counted once', async () => {
  const first = order(1);
  expect(await apply(first, first)).toMatchObject({ applied: [{ id: first.id }], duplicates: 1 });
  expect(await apply(first, order(2))).toMatchObject({ applied: [expect.anything()], duplicates: 1 });
  expect(await salesOf(1)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test('an event that the inbox has forgotten and the archive has is counted once when it is replayed', async () => {
  const daysAgo = (days: number) => ({ ...counted(order(45)), id: uuidv7({ msecs: Date.now() - days * DAY_MS }) });
  const [replayed, late] = [daysAgo(40), daysAgo(41)];
  await apply(replayed);
  await pool.query('DELETE FROM processed_events WHERE event_id = $1', [replayed.id]);
  expect(await apply(replayed, late)).toMatchObject({ applied: [{ id: late.id }], duplicates: 1 });
  expect(await salesOf(45)).toEqual([{ orders: 2, revenue: '9.00' }]);
});

test('an event that fails to reach its views is not remembered as counted', async () => {
  const failing = order(3);
  await pool.query('ALTER TABLE product_sales_view RENAME TO away');
  await expect(apply(failing)).rejects.toThrow('product_sales_view');
  await pool.query('ALTER TABLE away RENAME TO product_sales_view');
  expect(await apply(failing)).toMatchObject({ applied: [{ id: failing.id }], duplicates: 0 });
  expect(await salesOf(3)).toEqual([{ orders: 1, revenue: '4.50' }]);
});

test('events that come before their view has its table wait for it, and are not taken for poison', async () => {
  const batch = { events: [product(31), product(32)], poison: [], watermarks: [] };
  await pool.query('ALTER TABLE products_read RENAME TO away');
  await expect(applyIsolating(pool, batch)).rejects.toThrow('products_read');
  await pool.query('ALTER TABLE away RENAME TO products_read');
  expect(await applyIsolating(pool, batch)).toMatchObject({ applied: [{}, {}], duplicates: 0, poison: [] });
});

test('events whose connection lost its prepared statements are applied on another one, and not taken for poison', async () => {
  const one = createTestPool(url, { maxConnections: 1 });
  const batchOf = (id: number) => ({ events: [order(id)], poison: [], watermarks: [] });
  await applyIsolating(one, batchOf(33));
  await one.query('DEALLOCATE ALL');
  expect(await applyIsolating(one, batchOf(34))).toMatchObject({ applied: [{}], duplicates: 0, poison: [] });
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
    'a check that the orders of this shop do not pass',
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
])(
  'good events wait for a table to which somebody added %s, and none is taken for poison',
  async (_what, add, undo, named) => {
    await pool.query('TRUNCATE orders_read, event_archive');
    await applyIsolating(pool, { events: [order(50)], poison: [], watermarks: [] });
    const good = { events: [order(51), product(52), order(53)], poison: [], watermarks: [] };
    await pool.query(`TRUNCATE orders_read; ALTER TABLE orders_read ${add}`);
    try {
      const refusal = await applyIsolating(pool, good).catch((error: Error) => error);
      expect(refusal).toBeInstanceOf(TableAtFault);
      expect((refusal as Error).message).toMatch(/^every OrderCreated is refused, also one that nothing is wrong with/);
      expect((refusal as Error).message).toContain(named);
    } finally {
      await pool.query(`ALTER TABLE orders_read ${undo}`);
    }
    expect(await applyIsolating(pool, good)).toMatchObject({ applied: [{}, {}, {}], duplicates: 0, poison: [] });
  },
);

test('an event that a check refuses is set aside where the check passes events that nothing is wrong with', async () => {
  await pool.query('ALTER TABLE orders_read ADD CONSTRAINT no_54 CHECK (order_id <> 54)');
  const batch = { events: [order(54), order(55)], poison: [], watermarks: [] };
  const { applied, poison } = await applyIsolating(pool, batch);
  await pool.query('ALTER TABLE orders_read DROP CONSTRAINT no_54');
  expect(applied).toMatchObject([{ event: { orderId: 55 } }]);
  expect(poison).toMatchObject([{ reason: expect.stringContaining('no_54') }]);
  await pool.query('DELETE FROM dead_letters');
});

/** `isCounted`: whether the message said that it comes from the outbox. */
function setAside({ id, queue }: DecodedEvent, isCounted: boolean) {
  const poison = { kind: 'poison' as const, id, queue, reason: 'not understood yet', counted: isCounted };
  return applyBatch(pool, { events: [], poison: [poison], watermarks: [] });
}

async function lettersAndSettled() {
  const counts =
    'SELECT (SELECT count(*) FROM dead_letters) AS letters, (SELECT sum(settled)::int FROM event_ledger) AS settled';
  return (await pool.query(counts)).rows[0];
}

test.each([
  ['and counted then', true],
  ['as a copy that did not say where it came from', false],
])(
  'an event that had been set aside, %s, is applied, settled once, and its letter forgotten',
  async (_how, isCounted) => {
    await pool.query('DELETE FROM event_ledger');
    const redriven = counted(order(isCounted ? 4 : 40));
    const { id } = redriven;
    await setAside(redriven, isCounted);
    expect(await apply(redriven, order(5))).toMatchObject({ applied: [{ id }, {}], duplicates: 0 });
    expect(await salesOf(isCounted ? 4 : 40)).toEqual([{ orders: 1, revenue: '4.50' }]);
    expect(await lettersAndSettled()).toEqual({ letters: 0, settled: 1 });
  },
);

test('an event that is applied is not set aside when an older consumer cannot read its copy', async () => {
  await pool.query('DELETE FROM event_ledger');
  const applied = counted(order(41));
  await apply(applied);
  await setAside(applied, true);
  expect(await lettersAndSettled()).toEqual({ letters: 0, settled: 1 });
  // One that an earlier version recorded all the same goes when the event comes once more.
  await pool.query("INSERT INTO dead_letters (event_id, queue, reason, counted) VALUES ($1, 'q', 'late', true)", [
    applied.id,
  ]);
  expect(await apply(applied)).toMatchObject({ applied: [], duplicates: 1 });
  expect(await lettersAndSettled()).toEqual({ letters: 0, settled: 1 });
});

test('an event discarded for good that is published again, and refused again or applied, is settled once', async () => {
  await pool.query('DELETE FROM event_ledger');
  const discarded = counted(order(42));
  await setAside(discarded, true);
  expect(await forgetDeadLetter(onPool(pool), discarded.id, true)).toBe(true);
  await setAside(discarded, true);
  expect(await lettersAndSettled()).toMatchObject({ settled: 1 });
  expect(await apply(discarded)).toMatchObject({ applied: [{ id: discarded.id }] });
  expect(await lettersAndSettled()).toEqual({ letters: 0, settled: 1 });
});

test.each([
  ['set aside first', true],
  ['applied first', false],
])(
  'an event that one consumer sets aside and another applies at the same time is settled once: %s',
  async (_how, asideIsFirst) => {
    await pool.query('TRUNCATE event_ledger, dead_letters');
    const event = counted(order(asideIsFirst ? 43 : 44));
    const poison = { kind: 'poison' as const, id: event.id, queue: event.queue, reason: 'older', counted: true };
    const batches: Batch[] = [
      { events: [], poison: [poison], watermarks: [] },
      { events: [event], poison: [], watermarks: [] },
    ];
    const [first, second] = (asideIsFirst ? batches : batches.reverse()) as [Batch, Batch];
    let other: Promise<unknown> | undefined;
    await withTransaction(pool, 'first', async (tx) => {
      await applyInTransaction(tx, first);
      other = applyBatch(pool, second);
      await untilLockWaiters(pool, 1);
    });
    await other;
    expect(await lettersAndSettled()).toEqual({ letters: 0, settled: 1 });
    expect(await salesOf(asideIsFirst ? 43 : 44)).toEqual([{ orders: 1, revenue: '4.50' }]);
  },
);

test('whatever a batch holds, its tables are written in one order: the inbox, the archive, the views, the ledger', async () => {
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
  const known = counted(order(6));
  await apply(known, product(7), purchase(7));
  const inOneStatement = await written();
  // A plan that is kept is another way through the database.
  for (let n = 0; n < 10; n += 1) await apply(counted(order(8)), product(9 + n), purchase(9 + n));
  const ofTheLast = (await written()).slice(-inOneStatement.length);
  await apply(known, counted(order(20)), product(20), purchase(20));
  for (const order of [inOneStatement, ofTheLast, await written()]) expect(order).toEqual(tables);
});

test('dry runs of a dead letter, batches beside them and what is set aside do not deadlock', async () => {
  const { id, queue, raw } = order(30);
  const message = { content: raw.body, properties: { messageId: id, headers: {} } };
  const letter = { id, queue, message } as unknown as Letter;
  let tried = 0;
  const tryOften = async () => {
    for (; tried < 20; tried += 1) expect(await tryLetters(pool, [letter])).toMatchObject([{ kind: 'would-apply' }]);
  };
  const applyMeanwhile = async (lane: number) => {
    for (let n = 0; tried < 20; n += 2) await apply(order(100 + lane + n), product(100 + lane + n));
  };
  const setAsideMeanwhile = async () => {
    for (let n = 0; tried < 20; n += 1) {
      const poison = { kind: 'poison' as const, id: randomUUID(), queue, reason: 'broken', counted: false };
      await applyBatch(pool, { events: [order(1_000 + n)], poison: [poison], watermarks: [] });
    }
  };
  await Promise.all([tryOften(), applyMeanwhile(0), applyMeanwhile(1), setAsideMeanwhile()]);
});

const hear = (...toldSecondsAgo: number[]) => {
  const watermarks = toldSecondsAgo.map((seconds) => {
    const told = new Date(Date.now() - seconds * 1_000).toISOString();
    return { measuredAt: told, toldAt: told, from: told, isFirst: true, seconds: [], waiting: 0 };
  });
  return applyBatch(pool, { events: [], poison: [], watermarks });
};

async function watermarkAgeSeconds(): Promise<number> {
  const age = 'extract(epoch FROM clock_timestamp() - clock_offset - measured_at)::float8 AS age';
  return (await pool.query(`SELECT ${age} FROM sync_state`)).rows[0].age;
}

test('watermarks that waited in the queue are as old as they are, the first one and a backlog of them', async () => {
  await hear(3_600);
  expect(await watermarkAgeSeconds()).toBeGreaterThan(3_590);
  await hear(...Array.from({ length: 1_000 }, (_, index) => 2_000 - index));
  const oldest = await watermarkAgeSeconds();
  expect(oldest).toBeGreaterThan(995);
  await hear(0);
  expect(await watermarkAgeSeconds()).toBeLessThan(4);
});

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

test('views lack history when the outbox has pruned what came after they were told last: after a restore, for one', async () => {
  const hearOf = (measuredAt: string, prunedUntil: string | undefined) =>
    applyBatch(pool, {
      events: [],
      poison: [],
      watermarks: [{ measuredAt, from: measuredAt, isFirst: true, prunedUntil, seconds: [], waiting: 0 }],
    });
  const lacksHistory = async () => (await pool.query('SELECT lacks_history AS lacks FROM sync_state')).rows[0].lacks;
  await pool.query('UPDATE sync_state SET measured_at = $1, lacks_history = false', [daysAgo(40)]);
  await hearOf(daysAgo(39), undefined);
  await hearOf(daysAgo(38), daysAgo(50));
  expect(await lacksHistory()).toBe(false);
  await hearOf(daysAgo(36), daysAgo(37));
  expect(await lacksHistory()).toBe(true);
});

const HOUR_MS = 3_600_000;
const outage = Math.floor(Date.now() / HOUR_MS - 48) * HOUR_MS;
const hourOf = (hour: number) => new Date(outage + hour * HOUR_MS).toISOString();

/** An hour of an outage as the write side tells it, with the last 15 s of the one before. */
const hearOfHour = (hour: number, { isFirst = hour === 1, prunedUntil }: Partial<Watermark> = {}) => {
  const from = new Date(outage + (hour - 1) * HOUR_MS - 15_000).toISOString();
  const told = { measuredAt: hourOf(hour), from, isFirst, prunedUntil, seconds: [], waiting: 0 };
  return applyBatch(pool, { events: [], poison: [], watermarks: [told] });
};

async function told(): Promise<{ until: number | null; hasGap: boolean; parts: number; lacks: boolean }> {
  const { rows } = await pool.query(
    `SELECT measured_at AS at, gap_since IS NOT NULL AS "hasGap", lacks_history AS lacks,
            (SELECT count(*)::int FROM unnest(told_ahead)) AS parts FROM sync_state`,
  );
  const { at, ...others } = rows[0];
  return { until: at && (at.getTime() - outage) / HOUR_MS, ...others };
}

const forgetWhatWasTold = () => pool.query('TRUNCATE sync_state; INSERT INTO sync_state DEFAULT VALUES');

test('watermarks follow on each other in whatever order they come, and what is missing between them is a gap', async () => {
  await forgetWhatWasTold();
  await hearOfHour(2);
  expect(await told()).toMatchObject({ until: null, hasGap: true, parts: 1 });
  await hearOfHour(1);
  expect(await told()).toMatchObject({ until: 2, hasGap: false, parts: 0 });
  for (const hour of [6, 4, 1]) await hearOfHour(hour);
  expect(await told()).toMatchObject({ until: 2, hasGap: true, parts: 2 });
  await hearOfHour(3);
  expect(await told()).toMatchObject({ until: 4, hasGap: true, parts: 1 });
  await hearOfHour(5);
  expect(await told()).toMatchObject({ until: 6, hasGap: false, parts: 0 });
  await hearOfHour(9);
  await hearOfHour(8, { isFirst: true });
  expect(await told()).toMatchObject({ until: 9, hasGap: false, parts: 0, lacks: false });
});

test('a gap is as old as the last watermark that made it smaller', async () => {
  await forgetWhatWasTold();
  const gapAge = async () =>
    (await pool.query("SELECT now() - gap_since > interval '1 minute' AS old FROM sync_state")).rows[0].old;
  for (const hour of [1, 5]) await hearOfHour(hour);
  await pool.query("UPDATE sync_state SET gap_since = now() - interval '1 hour'");
  await hearOfHour(6);
  expect(await gapAge()).toBe(true);
  await hearOfHour(2);
  expect(await gapAge()).toBe(false);
});

test('watermarks that are stored side by side follow on each other', async () => {
  for (let n = 0; n < 10; n += 1) {
    await forgetWhatWasTold();
    await Promise.all([1, 2, 3, 4].map((hour) => hearOfHour(hour)));
    expect(await told()).toMatchObject({ until: 4, hasGap: false, parts: 0 });
  }
});

test('a watermark that comes ahead of others says what was pruned, too', async () => {
  await forgetWhatWasTold();
  await hearOfHour(1);
  await hearOfHour(3, { prunedUntil: hourOf(2) });
  await hearOfHour(2);
  expect(await told()).toMatchObject({ until: 3, lacks: true });
});
