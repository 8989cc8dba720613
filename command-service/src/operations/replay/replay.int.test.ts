import { expect, test } from '@jest/globals';
import { onPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { openTestDatabase } from '../../../../tests/setup/test-database.js';
import { outboxRow } from '../../outbox/emit.js';
import type { EventTime } from '../../outbox/event-time.sql.js';
import { insertOutboxRow } from '../../outbox/outbox.sql.js';
import { countEvents, countPublished, unpublishRange } from './replay.sql.js';

const { pool } = await openTestDatabase('write');

const facts = { productId: 1, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };

test('marks the events of a range as unpublished batch by batch, except those that were published meanwhile', async () => {
  const first = Date.now();
  const rows = Array.from({ length: 7 }, (_, n) =>
    outboxRow({ type: 'ProductCreated', facts, traceparent: '' }, new Date(first + n) as EventTime),
  );
  await withTransaction(pool, 'store events', async (tx) => {
    tx.commitBehind(rows.map(insertOutboxRow));
  });
  const ids = rows.map(({ id }) => id);
  const publishedAt = new Date(first - 1_000);
  await pool.query('UPDATE outbox SET published_at = $1', [publishedAt]);
  await pool.query('UPDATE outbox SET published_at = now() WHERE id = $1', [ids[3]]);

  const db = onPool(pool);
  const range = { from: new Date(first), to: new Date(first + 6), publishedBefore: new Date(first) };
  expect(await countPublished(db, range)).toBe(5);
  const batches: number[] = [];
  for await (const marked of unpublishRange(db, range, 2)) {
    batches.push(marked);
    // A relay publishes events between two batches.
    await pool.query('UPDATE outbox SET published_at = now() WHERE published_at IS NULL AND id < $1', [ids[2]]);
  }
  expect(batches).toEqual([2, 2, 1]);
  const left = await pool.query('SELECT id FROM outbox WHERE published_at IS NULL ORDER BY id');
  expect(left.rows.map(({ id }) => id)).toEqual([ids[2], ids[4], ids[5]]);
  expect(await countEvents(db, [...ids, '0193a000-0000-7000-8000-000000000009'], new Date(first - 1))).toBe(7);
});
