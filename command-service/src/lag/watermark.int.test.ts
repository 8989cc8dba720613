import { afterAll, expect, test } from '@jest/globals';
import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { leaveToRelay } from '../outbox/emit.js';
import { readEventTime } from '../outbox/event-time.sql.js';
import { createProduct } from '../products/create-product.js';
import { createWatermarkReporter } from './watermark.js';

const { pool: relay, url } = await openTestDatabase('write', { applicationName: 'relay', emptied: ['outbox'] });
// PgBouncer changes the application name like this if application_name_add_host is set.
const writer = createTestPool(url, { applicationName: 'command-service - 10.0.0.7:50912' });
afterAll(() => writer.end());
const reported: Watermark[] = [];
const publish: Publisher['publish'] = async ({ body }) => {
  reported.push(JSON.parse(body.toString('utf8')));
  return 'confirmed';
};
const publisher: Publisher = {
  publish,
  whyRejected: () => undefined,
  publishAll: (items, messageOf) => Promise.all(items.map((item) => publish(messageOf(item)))),
};

const product = { name: 'Lamp', category: 'Light', priceCents: 100, stock: 1 };
const origin = { traceparent: '00-1', requestKey: undefined };

test('reports a second only when no more events can be committed in it', async () => {
  const reporter = createWatermarkReporter(relay, () => publisher);
  await relay.query("UPDATE outbox_watermark SET reported_until = now() - interval '1 minute'");
  await createProduct(leaveToRelay(writer), product, origin);
  const { rows } = await relay.query("SELECT date_trunc('second', created_at) AS second FROM outbox");
  const second: Date = rows[0].second;

  await reporter.runOnce();
  await withTransaction(writer, 'slow order', async (tx) => {
    const stamped = await readEventTime(tx);
    // After this, the second of the event is over on every clock.
    await tx.query({ text: 'SELECT pg_sleep(1.1)' });
    for (let times = 0; times < 2; times += 1) {
      await reporter.runOnce();
      expect(new Date(reported.at(-1)?.measuredAt ?? '').getTime()).toBeLessThanOrEqual(stamped.getTime());
    }
  });
  await reporter.runOnce();
  const last = reported.at(-1);
  expect(new Date(last?.measuredAt ?? '').getTime()).toBeGreaterThan(second.getTime());
  expect(new Date(last?.measuredAt ?? '').getUTCMilliseconds()).toBe(0);
  expect(last?.seconds).toEqual([expect.objectContaining({ second: second.toISOString(), committed: 1 })]);
});

test('reports events of seconds that were reported before the clock was set back', async () => {
  const reporter = createWatermarkReporter(relay, () => publisher);
  const { rows } = await relay.query(
    `UPDATE outbox_watermark SET reported_until = date_trunc('second', now()) + interval '1 hour'
     RETURNING date_trunc('second', clock_timestamp()) - interval '5 s' AS second`,
  );
  const second: Date = rows[0].second;
  await relay.query(`INSERT INTO outbox (id, topic, payload, created_at) VALUES ($1, 'order.created', '{}', $2)`, [
    lowestUuidOf(second),
    second,
  ]);
  await reporter.runOnce();
  expect(reported.at(-1)?.seconds).toContainEqual(
    expect.objectContaining({ second: second.toISOString(), committed: 1 }),
  );
});

test('reports a shorter span after each failure, and the full span after a success', async () => {
  let isFailing = true;
  const sometimes: Publisher = { ...publisher, publish: async (message) => (isFailing ? 'failed' : publish(message)) };
  const reporter = createWatermarkReporter(relay, () => sometimes);
  const { rows } = await relay.query(
    "UPDATE outbox_watermark SET reported_until = date_trunc('hour', now()) - interval '5 hours' RETURNING reported_until AS at",
  );
  const reportedMinutes = async () => {
    await reporter.runOnce();
    return (new Date(reported.at(-1)?.measuredAt ?? '').getTime() - rows[0].at.getTime()) / 60_000;
  };
  for (let attempt = 0; attempt < 2; attempt += 1) await expect(reportedMinutes()).rejects.toThrow('failed');
  isFailing = false;
  expect(await reportedMinutes()).toBe(15);
  expect(await reportedMinutes()).toBe(15 + 60);
});

test('a role that may not see sessions waits for writers, and reports nothing while it may not read pg_locks', async () => {
  const role = `blind_${process.pid}`;
  await relay.query(`CREATE ROLE ${role} LOGIN PASSWORD 'blind'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
  const blindUrl = Object.assign(new URL(url), { username: role, password: 'blind' });
  const blind = createTestPool(blindUrl.href, { applicationName: 'relay' });
  const reporter = createWatermarkReporter(blind, () => publisher);
  await reporter.runOnce();
  const stamped = await withTransaction(writer, 'slow order', async (tx) => {
    const at = await readEventTime(tx);
    await tx.query({ text: 'SELECT pg_sleep(1.1)' });
    await reporter.runOnce();
    return at;
  });
  expect(new Date(reported.at(-1)?.measuredAt ?? '').getTime()).toBeLessThanOrEqual(stamped.getTime());

  const before = reported.length;
  await relay.query('REVOKE SELECT ON pg_locks FROM PUBLIC');
  await expect(reporter.runOnce()).rejects.toThrow('permission denied for view pg_locks');
  expect(reported).toHaveLength(before);
  await relay.query('GRANT SELECT ON pg_locks TO PUBLIC');
  await reporter.runOnce();
  expect(reported).toHaveLength(before + 1);
  await blind.end();
  await relay.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});
