import { beforeAll, expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { eventually } from '@tallyline/local/testing/eventually';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

/** Lost events are requested after 10 s, and the consumer looks every 5 s. A slow machine needs more. */
const REPLAY_WAIT = { timeoutMs: 40_000, intervalMs: 200 };
/** "in-sync" includes every event that is older than 4.7 s (docs/guarantees.md). */
const IN_SYNC_MAX_AGE_MS = 4_700;

const suite = await openSuite();
let productId: number;
beforeAll(async () => {
  const { body } = await suite.post('/api/products', { name: 'Thing', category: 'Lost', price: 3, stock: 1000 });
  productId = body.productId;
  await suite.inSync();
});

async function placeOrders(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const { status } = await suite.post('/api/orders', { customerId: 5, items: [{ productId, quantity: 1 }] });
    expect(status).toBe(201);
  }
}

const sold = async () => (await suite.get(`/api/analytics/products/${productId}/sales`)).body.orderCount;
const status = async () => (await suite.get('/api/analytics/sync-status')).body.status;

function allPublished(): Promise<void> {
  return eventually(async () => {
    const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL');
    expect(rows).toEqual([{ n: 0 }]);
  });
}

test('events of a deleted queue are replayed without help, and sync-status is not in-sync before', async () => {
  await suite.consumer.kill();
  await placeOrders(7);
  const placedAt = performance.now();
  await allPublished();
  const vhost = encodeURIComponent(suite.vhost);
  await callManagement(suite.managementUrl, 'DELETE', `/api/queues/${vhost}/order-events`);
  await suite.start('consumer-service');
  const saidWhileMissing = new Set<string>();
  await eventually(async () => {
    const isOldEnough = performance.now() - placedAt > IN_SYNC_MAX_AGE_MS;
    const now = await status();
    const count = await sold();
    if (count < 7 && isOldEnough) saidWhileMissing.add(now);
    expect([count, now]).toEqual([7, 'in-sync']);
  }, REPLAY_WAIT);
  expect(saidWhileMissing).toContain('catching-up');
  expect(saidWhileMissing).not.toContain('in-sync');
}, 60_000);

test('lost watermarks are published again, and sync-status is not in-sync before', async () => {
  // This is the state after the broker has lost all watermarks of the last two minutes.
  await suite.read.query("UPDATE sync_state SET measured_at = measured_at - interval '2 minutes'");
  const { rows } = await suite.read.query('UPDATE event_ledger SET committed = 0 RETURNING second');
  expect(rows.length).toBeGreaterThan(0);
  await eventually(async () => expect(await status()).toBe('stale'));
  await eventually(async () => {
    const ledger = await suite.read.query('SELECT sum(committed)::int AS n FROM event_ledger');
    const outbox = await suite.write.query('SELECT count(*)::int AS n FROM outbox');
    expect(ledger.rows).toEqual(outbox.rows);
    expect(await status()).toBe('in-sync');
  }, REPLAY_WAIT);
}, 60_000);

test('the replay command publishes a range or one event again, and nothing is counted twice', async () => {
  const before = await sold();
  const { rows } = await suite.write.query("SELECT id FROM outbox WHERE topic = 'order.created' ORDER BY id LIMIT 1");
  const one = await runCommand(suite, 'replay', '--id', rows[0].id);
  expect(one).toMatchObject({ code: 0, stdout: '1 of 1 event(s) are published again.\n' });
  const all = await runCommand(suite, 'replay', '--from', '2000-01-01');
  expect(all).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/left out.*\n\d+ event\(s\) are published again/),
  });
  await allPublished();
  await placeOrders(1);
  await eventually(async () => expect(await sold()).toBe(before + 1));
  const unknown = ['--id', '0193a000-0000-7000-8000-000000000009'];
  expect((await runCommand(suite, 'replay', ...unknown)).code).toBe(1);
  expect(await runCommand(suite, 'replay', ...unknown, '--dry-run')).toMatchObject({
    code: 1,
    stdout: '0 of 1 event(s) would be published again.\n',
  });
  expect((await runCommand(suite, 'replay')).code).toBe(2);
});
