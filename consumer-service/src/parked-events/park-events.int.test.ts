import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { onPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { v7 as uuidv7 } from 'uuid';
import { untilLockWaiters } from '../../../tests/setup/lock-waiters.js';
import { orderBody, outboxMessage } from '../../../tests/setup/outbox-message.js';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { discardDeadLetter } from '../dead-letters/dead-letters.sql.js';
import { applyBatch, applyInTransaction, type Batch } from '../inbox/apply-batch.js';
import { applyDeliveries } from '../inbox/apply-deliveries.js';
import type { DeadLetter, DecodedEvent } from '../inbox/decode.js';
import { deliveryOf } from '../inbox/delivery.js';
import type { BatchOutcome } from '../metrics.js';
import { viewTables } from '../projections/index.js';
import type { ParkedEvent } from './parked-event.js';
import { discardParked } from './parked-events.sql.js';

const { pool } = await openTestDatabase('read', {
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_ledger', 'dead_letters', 'parked_events'],
});
const log = createLogger('test', 'silent', 'json');
const QUEUES = ['order-events'];

let sent: string[] = [];
let outcomes: BatchOutcome[] = [];
beforeEach(() => {
  sent = [];
  outcomes = [];
});

// sync-status shows this number, which must be right after everything that parks, applies or discards.
afterEach(async () => {
  const { rows } = await pool.query(
    'SELECT events::int, (SELECT count(*)::int FROM parked_events) AS rows FROM parked_count',
  );
  expect(rows[0].events).toBe(rows[0].rows);
});

const deliver = (...messages: ReturnType<typeof outboxMessage>[]) =>
  applyDeliveries(
    {
      pool,
      log,
      publish: async ({ properties }) => {
        sent.push(properties.messageId);
        return 'confirmed';
      },
      onBatch: (outcome) => outcomes.push(outcome),
    },
    messages.map((message) => deliveryOf('order-events', message)),
  );

/** Where the ids are recorded, and how many events the ledger has counted. */
async function records() {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM parked_events) AS parked,
            (SELECT count(*)::int FROM processed_events) AS applied,
            (SELECT count(*)::int FROM event_archive) AS archived,
            (SELECT count(*)::int FROM dead_letters WHERE NOT forgotten) AS "deadLetters",
            (SELECT COALESCE(sum(settled), 0)::int FROM event_ledger) AS accounted`,
  );
  return rows[0];
}

const nothing = { parked: 0, applied: 0, archived: 0, deadLetters: 0, accounted: 0 };

/** One event, as a consumer that knows it sees it, as an older one does, and as one that refuses it does. */
function oneEvent(id = uuidv7()) {
  const content = deliveryOf('order-events', outboxMessage(orderBody(), { id })).content();
  if (content.kind !== 'event') throw new Error('the event is not valid');
  const event: DecodedEvent = { ...content, source: undefined };
  const { queue, raw } = event;
  const properties = JSON.stringify({ exchange: 'events', routingKey: 'order.created', appId: raw.appId });
  const newer = { id, queue, type: 'OrderCreated', version: 99, reason: 'newer', fromOutbox: true, body: raw.body };
  const parked: ParkedEvent = { ...newer, properties };
  const deadLetter: DeadLetter = { kind: 'dead-letter', id, queue, reason: 'refused', fromOutbox: true };
  return {
    known: { events: [event], deadLetters: [], watermarks: [] } satisfies Batch,
    newer: { events: [], deadLetters: [], parked: [parked], watermarks: [] } satisfies Batch,
    refused: { events: [], deadLetters: [deadLetter], watermarks: [] } satisfies Batch,
  };
}

describe('an event of the outbox that is newer than the consumer', () => {
  test.each([
    ['version', orderBody({ version: 99 }), { event_type: 'OrderCreated', version: 99 }],
    ['type', orderBody({ eventType: 'OrderCancelled' }), { event_type: 'OrderCancelled', version: 1 }],
  ])('by its %s is parked with its message, and counted in the ledger once', async (_what, body, stored) => {
    const message = outboxMessage(body, { headers: { 'x-odd': 'a\u0000b', depth: { list: [1, null, true] } } });
    expect(await deliver(message)).toEqual({ stored: new Set(), rejected: new Set(), kept: new Set() });
    expect(await deliver(message, message)).toEqual({ stored: new Set(), rejected: new Set(), kept: new Set() });
    expect(await records()).toEqual({ ...nothing, parked: 1, accounted: 1 });
    expect(outcomes.map(({ parked, duplicates }) => [parked, duplicates])).toEqual([
      [1, 0],
      [0, 2],
    ]);
    const { rows } = await pool.query('SELECT * FROM parked_events');
    const { messageId, ...others } = message.properties;
    expect(rows).toMatchObject([{ ...stored, event_id: messageId, queue: 'order-events', body: message.content }]);
    expect(rows[0].properties).toEqual({ ...others, messageId, exchange: 'events', routingKey: 'order.created' });
    expect(sent).toEqual([]);
  });

  test('shares a batch with events that are applied', async () => {
    await deliver(outboxMessage(orderBody({ version: 99 })), outboxMessage(orderBody()));
    expect(await records()).toEqual({ ...nothing, parked: 1, applied: 1, archived: 1, accounted: 2 });
  });

  test('is applied once and not counted again when a consumer that knows it receives it', async () => {
    const { known, newer } = oneEvent();
    await applyBatch(pool, newer);
    expect(await applyBatch(pool, known)).toMatchObject({ applied: [{}], duplicates: 0 });
    expect(await applyBatch(pool, newer)).toMatchObject({ parked: [], duplicates: 1 });
    expect(await applyBatch(pool, known)).toMatchObject({ applied: [], duplicates: 1 });
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });

  test.each([
    ['parked first', true],
    ['applied first', false],
  ])('is counted once when it is parked and applied at the same time: %s', async (_how, isParkedFirst) => {
    const { known, newer } = oneEvent();
    const [first, second] = isParkedFirst ? [newer, known] : [known, newer];
    let other: Promise<unknown> | undefined;
    await withTransaction(pool, 'first', async (tx) => {
      await applyInTransaction(tx, first);
      other = applyBatch(pool, second);
      await untilLockWaiters(pool, 1);
    });
    await other;
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });

  test.each([
    ['was a dead letter of an earlier release', ['refused', 'newer'], { parked: 1 }],
    ['becomes a dead letter while it is parked', ['newer', 'refused'], { parked: 1, deadLetters: 1 }],
    ['comes in one batch with a copy that is refused', ['both'], { parked: 1, deadLetters: 1 }],
  ] as const)('is counted once when it %s, and then applied', async (_how, steps, expected) => {
    const { known, newer, refused } = oneEvent();
    const batches = { newer, refused, both: { ...newer, deadLetters: refused.deadLetters } };
    for (const step of steps) await applyBatch(pool, batches[step]);
    expect(await records()).toEqual({ ...nothing, ...expected, accounted: 1 });
    await applyBatch(pool, known);
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });

  test('is not parked when it left the inbox after its retention, because the archive has it', async () => {
    const { known, newer } = oneEvent(uuidv7({ msecs: Date.now() - 40 * 86_400_000 }));
    await applyBatch(pool, known);
    await pool.query('DELETE FROM processed_events');
    expect(await applyBatch(pool, newer)).toMatchObject({ parked: [], duplicates: 1 });
    expect(await records()).toEqual({ ...nothing, archived: 1, accounted: 1 });
  });

  test('of a write database that the ledger does not count is parked without being counted', async () => {
    await deliver(outboxMessage(orderBody({ version: 99 })));
    const headers = { 'cloudEvents:source': '/command-service/0199aaaa-bbbb-4ccc-8ddd-000000000002' };
    await deliver(outboxMessage(orderBody({ version: 99 }), { headers }));
    expect(await records()).toEqual({ ...nothing, parked: 2, accounted: 1 });
  });
});

describe('a copy of a parked event that did not come from the outbox', () => {
  const foreign = (id: string) => outboxMessage(orderBody({ version: 99 }), { id, properties: { appId: 'somebody' } });
  const counted = async () =>
    (await pool.query('SELECT counted FROM parked_events UNION ALL SELECT counted FROM dead_letters')).rows;

  test.each([
    ['comes later', false],
    ['comes in the same batch', true],
  ])('becomes a dead letter and leaves the parked event when it %s', async (_when, isSameBatch) => {
    const message = outboxMessage(orderBody({ version: 99 }));
    const copy = foreign(message.properties.messageId);
    if (isSameBatch) await deliver(message, copy);
    else for (const one of [message, copy]) await deliver(one);
    expect(sent).toEqual([copy.properties.messageId]);
    expect(await records()).toEqual({ ...nothing, parked: 1, deadLetters: 1, accounted: 1 });
    expect((await pool.query('SELECT body FROM parked_events WHERE counted')).rows).toEqual([
      { body: message.content },
    ]);
  });

  test('keeps the event counted when it is parked in the place of a counted dead letter', async () => {
    const { known, newer, refused } = oneEvent();
    await applyBatch(pool, refused);
    await applyBatch(pool, { ...newer, parked: newer.parked.map((event) => ({ ...event, fromOutbox: false })) });
    expect(await counted()).toEqual([{ counted: true }]);
    await applyBatch(pool, known);
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });
});

test('a batch with an event that was parked and a newer one does not deadlock with a command that discards', async () => {
  const [first, second, third] = [oneEvent(), oneEvent(), oneEvent()];
  const idOf = ({ newer }: typeof first) => new Set(newer.parked.map(({ id }) => id));
  for (const { newer } of [first, second]) await applyBatch(pool, newer);
  let applying: Promise<unknown> | undefined;
  await withTransaction(pool, 'discard', async (tx) => {
    await discardParked(tx, QUEUES, idOf(second));
    applying = withTransaction(pool, 'apply', (other) =>
      applyInTransaction(other, { ...first.known, parked: third.newer.parked }),
    );
    await untilLockWaiters(pool, 1);
    await discardParked(tx, QUEUES, idOf(first));
  });
  await applying;
  expect(await records()).toEqual({ ...nothing, parked: 1, applied: 1, archived: 1, deadLetters: 1, accounted: 3 });
});

describe('a parked event that is discarded', () => {
  test('becomes a dead letter without a message, is parked again when it is replayed, and is counted once', async () => {
    const { newer, known } = oneEvent();
    await applyBatch(pool, newer);
    const ids = new Set(newer.parked.map(({ id }) => id));
    expect(await discardParked(onPool(pool), QUEUES, ids)).toEqual([...ids]);
    expect(await records()).toEqual({ ...nothing, deadLetters: 1, accounted: 1 });
    expect(await discardParked(onPool(pool), QUEUES, ids)).toEqual([]);
    await applyBatch(pool, newer);
    expect(await records()).toEqual({ ...nothing, parked: 1, accounted: 1 });
    await applyBatch(pool, known);
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });

  test('for good stays discarded when it is replayed, until a consumer that knows it applies it', async () => {
    const { newer, known } = oneEvent();
    await applyBatch(pool, newer);
    for (const id of await discardParked(onPool(pool), QUEUES, new Set(newer.parked.map(({ id }) => id))))
      expect(await discardDeadLetter(onPool(pool), id, true)).toBe(true);
    expect(await applyBatch(pool, newer)).toMatchObject({ parked: [], duplicates: 1 });
    expect(await records()).toEqual({ ...nothing, accounted: 1 });
    await applyBatch(pool, known);
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });

  test('while it is being applied is applied and counted once', async () => {
    const { newer, known } = oneEvent();
    await applyBatch(pool, newer);
    let applying: Promise<unknown> | undefined;
    await withTransaction(pool, 'discard', async (tx) => {
      await discardParked(tx, QUEUES, new Set(newer.parked.map(({ id }) => id)));
      applying = withTransaction(pool, 'apply', (other) => applyInTransaction(other, known));
      await untilLockWaiters(pool, 1);
    });
    await applying;
    expect(await records()).toEqual({ ...nothing, applied: 1, archived: 1, accounted: 1 });
  });
});

test.each([
  ['of another publisher', { properties: { appId: 'somebody' } }],
  ['with a header that JSON cannot hold', { headers: { 'x-bytes': Buffer.from([0xff]) } }],
])('an event that nobody knows, %s, becomes a dead letter', async (_what, given) => {
  const message = outboxMessage(orderBody({ version: 99 }), given);
  await deliver(message);
  expect(await records()).toMatchObject({ parked: 0, deadLetters: 1 });
  expect(sent).toEqual([message.properties.messageId]);
});
