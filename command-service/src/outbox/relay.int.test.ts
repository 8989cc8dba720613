import { expect, test } from '@jest/globals';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@tallyline/chassis/broker/publisher';
import { type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { defaultVersions } from '@tallyline/contracts/written-versions';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { type OutboxRow, outboxRow } from './emit.js';
import type { EventTime } from './event-time.sql.js';
import { insertOutboxRow } from './outbox.sql.js';
import { createPublishResults } from './publish-results.js';
import { createRelay } from './relay.js';

const log = createLogger('test', 'silent', 'json');

const { pool } = await openTestDatabase('write', { emptied: ['outbox'] });

let lastProductId = 0;

function event(): OutboxRow {
  lastProductId += 1;
  const facts = { productId: lastProductId, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };
  // The times are a millisecond apart, so that the ids are in the order of the calls.
  return outboxRow(
    { type: 'ProductCreated', facts, traceparent: '' },
    new Date(Date.now() + lastProductId) as EventTime,
  );
}

const store = (...rows: OutboxRow[]) =>
  withTransaction(pool, 'store events', async (tx: Tx) => {
    tx.commitBehind(rows.map(insertOutboxRow));
  });

/** A broker that gives the answers of the test, and records what it was sent. */
function brokerThat(answers: (messages: readonly OutgoingMessage[]) => readonly PublishOutcome[]) {
  const sent: string[] = [];
  const answer = async (messages: readonly OutgoingMessage[]) => {
    sent.push(...messages.map(({ properties }) => properties.messageId));
    return [...answers(messages)];
  };
  const publisher: Publisher = {
    whyRejected: () => undefined,
    publishAll: (items, messageOf) => answer(items.map(messageOf)),
    publish: async (message) => (await answer([message]))[0] ?? 'failed',
  };
  return {
    sent,
    relay: createRelay({
      pool,
      broker: () => ({ publisher, origin: { source: '/s', epoch: '1' } }),
      publishResults: createPublishResults({ log }),
    }),
  };
}

const confirmsAll = () => brokerThat((messages) => messages.map(() => 'confirmed'));

async function unpublished(): Promise<string[]> {
  const { rows } = await pool.query('SELECT id FROM outbox WHERE published_at IS NULL ORDER BY id');
  return rows.map(({ id }) => id);
}

test('marks confirmed events only, and leaves the rest for a later claim', async () => {
  const [confirmed, failed, returned, unsendable, refused] = [event(), event(), event(), event(), event()];
  await store(confirmed, failed, returned, unsendable, refused);
  const { relay } = brokerThat(() => ['confirmed', 'failed', 'returned', 'unsendable', 'refused']);
  await expect(relay.runOnce()).rejects.toThrow('the broker did not confirm 1 of 5 events');
  expect(await unpublished()).toEqual([failed.id, returned.id, unsendable.id, refused.id]);

  // The failed event can be claimed at once. The others wait, because no queue takes them.
  const next = confirmsAll();
  await next.relay.runOnce();
  expect(next.sent).toEqual([failed.id]);
});

test('publishes the events of a transaction that commits after newer ids', async () => {
  const [early, late] = [event(), event()];
  const { relay, sent } = confirmsAll();
  await withTransaction(pool, 'a slow order', async (tx) => {
    await tx.query(insertOutboxRow(early));
    await store(late);
    await relay.runOnce();
    expect(sent).toEqual([late.id]);
  });
  await relay.runOnce();
  expect(sent).toEqual([late.id, early.id]);
  expect(await unpublished()).toEqual([]);
});

test.each([1, 2])('publishes an order in version %d when its row was written in it', async (version) => {
  const line = { line: 1, productId: 1, category: 'Kitchen', quantity: 1, price: 4.5 };
  const facts = { orderId: 1, customerId: 2, placedAt: '2026-11-20T08:17:46.438Z', total: 4.5, items: [line] };
  const versions = { ...defaultVersions, OrderCreated: version };
  const row = outboxRow({ type: 'OrderCreated', facts, traceparent: '' }, new Date() as EventTime, { versions });
  await store(row);
  const bodies: unknown[] = [];
  const { relay } = brokerThat((messages) => {
    bodies.push(...messages.map(({ body }) => JSON.parse(body.toString())));
    return messages.map(() => 'confirmed');
  });
  await relay.runOnce();
  const { line: _, ...lineOfVersion1 } = line;
  const { placedAt, ...common } = { eventId: row.id, eventType: 'OrderCreated', ...facts };
  const committedAt = row.createdAt.toISOString();
  expect(bodies).toEqual([
    version === 1
      ? { ...common, occurredAt: placedAt, items: [lineOfVersion1] }
      : { ...common, version: 2, occurredAt: committedAt, placedAt },
  ]);
});

test('does not claim rows that another relay holds', async () => {
  const [first, second] = [event(), event()];
  await store(first);
  const other = confirmsAll();
  const { relay, sent } = confirmsAll();
  await withTransaction(pool, 'a relay at work', async (tx) => {
    await tx.query({ text: 'SELECT 1 FROM outbox FOR UPDATE' });
    await store(second);
    await other.relay.runOnce();
    expect(other.sent).toEqual([second.id]);
  });
  await relay.runOnce();
  expect(sent).toEqual([first.id]);
});

test('retries an event less often the longer it has had no queue', async () => {
  const old = event();
  await store(old);
  await pool.query("UPDATE outbox SET created_at = now() - interval '5 minutes'");
  await brokerThat(() => ['returned']).relay.runOnce();
  const { rows } = await pool.query('SELECT extract(epoch FROM retry_at - now())::float8 AS seconds FROM outbox');
  expect(rows[0].seconds).toBeGreaterThan(25);
  expect(rows[0].seconds).toBeLessThanOrEqual(30);
});
