import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@tallyline/chassis/broker/publisher';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { type OutboxRow, outboxRow } from './emit.js';
import type { EventTime } from './event-time.sql.js';
import { createHandOver, type RunningHandOver } from './hand-over.js';
import { insertOutboxRow } from './outbox.sql.js';
import { createPublishResults } from './publish-results.js';
import { createRelay } from './relay.js';

const log = createLogger('test', 'silent', 'json');
const origin = { source: '/command-service/1', epoch: '1-2-3-4' };
const publishResults = createPublishResults({ log });

const { pool } = await openTestDatabase('write', { emptied: ['outbox'] });

/** A broker that gives every message the same answer once `answer` is called. */
function broker(outcome: PublishOutcome) {
  let answer: () => void = () => undefined;
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const sent: string[] = [];
  const publish = async ({ properties }: OutgoingMessage) => {
    sent.push(properties.messageId);
    await mayAnswer;
    return outcome;
  };
  const publisher: Publisher = {
    publish,
    whyRejected: () => undefined,
    publishAll: (items, messageOf) => Promise.all(items.map((item) => publish(messageOf(item)))),
  };
  return { sent, publisher, answer };
}

function handOverTo(publisher: Publisher | undefined) {
  let wakes = 0;
  const handOver = createHandOver({
    pool,
    broker: () => publisher && { publisher, origin },
    publishResults,
    wakeRelay: () => {
      wakes += 1;
    },
    onAnswered: () => undefined,
  });
  return { handOver, wakes: () => wakes };
}

let lastProductId = 0;

/** Stores an event like `emit` and its transaction do. */
async function write(handOver: RunningHandOver): Promise<OutboxRow> {
  lastProductId += 1;
  const facts = { productId: lastProductId, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };
  const now = new Date() as EventTime;
  const row = outboxRow({ type: 'ProductCreated', facts, traceparent: '' }, now, {
    retryAt: handOver.claimableFrom(now),
  });
  await withTransaction(pool, 'store event', (tx) => tx.query(insertOutboxRow(row)));
  handOver.committed([row]);
  await nextTurn();
  return row;
}

/** The ids that a relay claims. */
async function claimed(): Promise<string[]> {
  const { publisher, sent, answer } = broker('failed');
  answer();
  await createRelay({ pool, broker: () => ({ publisher, origin }), publishResults })
    .runOnce()
    .catch(() => undefined);
  return sent;
}

async function unpublished(): Promise<string[]> {
  const { rows } = await pool.query('SELECT id FROM outbox WHERE published_at IS NULL ORDER BY id');
  return rows.map(({ id }) => id);
}

test('publishes a committed event without a claim, and marks it once the broker has confirmed it', async () => {
  const { publisher, sent, answer } = broker('confirmed');
  const { handOver } = handOverTo(publisher);
  const { id } = await write(handOver);
  expect(sent).toEqual([id]);
  expect(await claimed()).toEqual([]);
  expect(await handOver.recordResults()).toBe(0);
  expect(await unpublished()).toEqual([id]);

  answer();
  await handOver.answered();
  expect(await handOver.recordResults()).toBe(1);
  expect(await unpublished()).toEqual([]);
});

test('lets a relay claim an event when its lease has ended', async () => {
  const { publisher } = broker('confirmed');
  const { id } = await write(handOverTo(publisher).handOver);
  expect(await claimed()).toEqual([]);
  await pool.query("UPDATE outbox SET retry_at = retry_at - interval '2 s'");
  expect(await claimed()).toEqual([id]);
});

test('marks neither failed nor returned events; failed ones can be claimed at once, returned ones later', async () => {
  const failing = broker('failed');
  const returning = broker('returned');
  const [failed, returned] = [handOverTo(failing.publisher), handOverTo(returning.publisher)];
  const rows = [await write(failed.handOver), await write(returned.handOver)];
  for (const { answer } of [failing, returning]) answer();
  for (const { handOver } of [failed, returned]) {
    await handOver.answered();
    await handOver.recordResults();
  }
  expect([failed.wakes(), returned.wakes()]).toEqual([1, 0]);
  expect(await claimed()).toEqual([rows[0]?.id]);
  expect(await unpublished()).toHaveLength(2);
});

test('leases nothing and wakes the relay while the broker is unreachable', async () => {
  const { handOver, wakes } = handOverTo(undefined);
  const { id } = await write(handOver);
  expect(wakes()).toBe(1);
  expect(await claimed()).toEqual([id]);
});

test('hands over at most 1,000 events that the broker has not answered', async () => {
  const { publisher, sent } = broker('confirmed');
  const { handOver, wakes } = handOverTo(publisher);
  const now = new Date() as EventTime;
  const facts = { productId: 1, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };
  const many = Array.from({ length: 1_000 }, () =>
    outboxRow({ type: 'ProductCreated', facts, traceparent: '' }, now, { retryAt: handOver.claimableFrom(now) }),
  );
  handOver.committed(many);
  const { id } = await write(handOver);
  expect(sent).toHaveLength(1_000);
  expect(wakes()).toBe(1);
  expect(await claimed()).toEqual([id]);
});

test('records publish results later if recording them fails', async () => {
  const { publisher, answer } = broker('confirmed');
  const { handOver } = handOverTo(publisher);
  const { id } = await write(handOver);
  answer();
  await handOver.answered();
  await pool.query('ALTER TABLE outbox RENAME TO outbox_away');
  await expect(handOver.recordResults()).rejects.toThrow('outbox');
  await pool.query('ALTER TABLE outbox_away RENAME TO outbox');
  expect(await unpublished()).toEqual([id]);
  expect(await handOver.recordResults()).toBe(1);
  expect(await unpublished()).toEqual([]);
});
