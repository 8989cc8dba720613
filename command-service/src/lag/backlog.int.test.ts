import { expect, test } from '@jest/globals';
import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { type Backlog, createBacklogReader } from './backlog.js';
import { createWatermarkReporter } from './watermark.js';

// The pool has a single connection, so that the test can flush the statistics of that connection.
const { pool } = await openTestDatabase('write', { maxConnections: 1, emptied: ['outbox'] });

/** Writes events of an hour ago, so that no watermark counts them by the second. */
const write = (count: number, publishedAt: string | null = null) =>
  pool.query(
    `INSERT INTO outbox (id, topic, payload, created_at, published_at)
     SELECT overlay(gen_random_uuid()::text PLACING $3 FROM 1 FOR 13)::uuid, 'order.created', '{}', now() - interval '1 hour', $2
       FROM generate_series(1, $1)`,
    [count, publishedAt, lowestUuidOf(new Date(Date.now() - 3_600_000)).slice(0, 13)],
  );

test('the backlog reader reuses a slow count during the pause after it, but sees at once that no event waits', async () => {
  let now = 0;
  const clock = () => {
    now += 100;
    return now;
  };
  const read = createBacklogReader(clock);
  const backlog = () => withTransaction(pool, 'read backlog', read);
  expect(await backlog()).toEqual({ waiting: 0, oldestAgeSeconds: 0 });
  await write(3);
  expect(await backlog()).toMatchObject({ waiting: 3 });
  await write(2);
  const duringPause: Backlog = await backlog();
  expect(duringPause.waiting).toBe(3);
  expect(duringPause.oldestAgeSeconds).toBeGreaterThan(0);
  now += 2_000;
  expect(await backlog()).toMatchObject({ waiting: 5 });
  await pool.query('UPDATE outbox SET published_at = now()');
  expect(await backlog()).toEqual({ waiting: 0, oldestAgeSeconds: 0 });
});

test("a watermark does not scan the whole outbox, even if the planner's statistics say that most events wait", async () => {
  await write(20_000, '2026-11-20T00:00:00Z');
  await write(20_000);
  await pool.query('ANALYZE outbox');
  const scans = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await pool.query("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'");
    return rows[0].seq_scan;
  };
  const before = await scans();
  const published: unknown[] = [];
  const publish: Publisher['publish'] = async ({ body }) => {
    published.push(JSON.parse(body.toString('utf8')));
    return 'confirmed';
  };
  const publisher: Publisher = {
    publish,
    publishAll: () => Promise.reject(new Error('a watermark is published alone')),
    whyRejected: () => undefined,
  };
  await createWatermarkReporter(pool, () => publisher).runOnce();
  expect(published).toEqual([expect.objectContaining({ waiting: 20_000 })]);
  expect(await scans()).toBe(before);
});
