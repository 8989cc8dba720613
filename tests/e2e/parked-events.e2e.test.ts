import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { v7 as uuidv7 } from 'uuid';
import { EVENT_TIME } from '../../command-service/src/outbox/event-time.sql.js';
import { orderBody, outboxMessage } from '../setup/outbox-message.js';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

/** Commits an event as a later release would, with the lock of the event writers. The relay publishes it. Returns its id. */
async function commit(body: object): Promise<string> {
  const client = await suite.write.connect();
  await client.query('BEGIN');
  const [{ now }] = (await client.query(`SELECT ${EVENT_TIME} AS now`)).rows;
  const id = uuidv7({ msecs: now.getTime() });
  await client.query("INSERT INTO outbox (id, topic, payload, created_at) VALUES ($1, 'order.created', $2, $3)", [
    id,
    JSON.stringify(body),
    now,
  ]);
  await client.query('COMMIT');
  client.release();
  return id;
}

/** Publishes a copy of a message of the outbox. */
async function publishCopy(body: object, id: string): Promise<void> {
  const [source] = (await suite.write.query('SELECT id FROM source_identity')).rows;
  const headers = { 'cloudEvents:source': `/command-service/${source.id}` };
  await publishOrderMessage(suite.brokerUrl, body, outboxMessage(body, { id, headers }).properties);
}

const status = async () => (await suite.get('/api/analytics/sync-status')).body;
const untilParked = (count: number) =>
  eventually(async () => expect(await status()).toMatchObject({ parkedEvents: count, setAsideEvents: 0 }));
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await runCommand(suite, 'dead-letters', ...args);
  expect([args, code, stderr]).toEqual([args, 0, '']);
  return stdout;
};
const listed = async () =>
  (await run('list', '--json')).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
const tokenState = async (id: string) => {
  const startedAt = performance.now();
  const { headers } = await suite.get('/api/orders/1', { 'consistency-token': id, prefer: 'wait=10' });
  return { state: headers.get('consistency-status'), isQuick: performance.now() - startedAt < 5_000 };
};
const accounted = async () =>
  (await suite.read.query('SELECT COALESCE(sum(settled), 0)::int AS n FROM event_ledger')).rows[0].n;
const deadLetterRows = async () =>
  (await suite.read.query('SELECT event_id AS id, counted, forgotten AS "isDiscarded" FROM dead_letters')).rows;

test('events of an unknown version and type are parked, shown everywhere, stay parked in a redrive, and can be discarded', async () => {
  const version = await commit(orderBody({ version: 99 }));
  const type = await commit(orderBody({ eventType: 'OrderCancelled' }));
  await untilParked(2);
  expect((await status()).reasons.map(({ code }: { code: string }) => code)).toContain('events-parked');
  await eventually(async () => expect((await status()).status).toBe('incomplete'), { timeoutMs: 20_000 });
  expect(await accounted()).toBe(2);
  expect(await tokenState(version)).toEqual({ state: 'parked', isQuick: true });
  const metrics = await (await fetch(`${suite.query.url}/metrics`)).text();
  expect(metrics).toMatch(/^tallyline_views_parked_events\S* 2$/m);
  expect(await (await fetch(`${suite.consumer.url}/metrics`)).text()).toMatch(/\{.*result="parked".*\} 2\n/);

  const parked = { queue: 'order-events', parked: true, counted: true };
  expect(await listed()).toEqual([
    expect.objectContaining({ ...parked, id: version, type: 'OrderCreated', version: 99 }),
    expect.objectContaining({ ...parked, id: type, type: 'OrderCancelled', version: 1 }),
  ]);
  expect(await run('list')).toMatch(/\[parked: [\s\S]*\nNo dead letters\.\n2 parked event\(s\)\.\n$/);
  expect(await run('show', type)).toMatch(/"appId": "command-service"[\s\S]*cloudEvents:source[\s\S]*OrderCancelled/);
  const tried = await run('redrive', '--dry-run');
  expect(tried.match(/is newer than this release: would stay parked: /g)).toHaveLength(2);

  expect(await run('redrive', '--id', version)).toContain(`${version}  published to order-events; it stays parked`);
  // A later event in the same queue shows that the copy has been taken from it.
  const later = await commit(orderBody({ version: 99 }));
  await untilParked(3);
  expect(await accounted()).toBe(3);

  await run('discard', '--id', later);
  expect(await deadLetterRows()).toEqual([{ id: later, counted: true, isDiscarded: false }]);
  await run('discard', '--id', later, '--id', version, '--id', type, '--for-good');
  expect((await deadLetterRows()).map(({ counted, isDiscarded }) => [counted, isDiscarded])).toEqual(
    Array(3).fill([true, true]),
  );
  expect(await status()).toMatchObject({ parkedEvents: 0, setAsideEvents: 0 });
  expect([await listed(), await accounted()]).toEqual([[], 3]);
  await eventually(async () => expect((await status()).status).toBe('in-sync'), { timeoutMs: 20_000 });
}, 60_000);

test('a parked event that a consumer knows is tried without a trace, applied by itself, archived and counted once', async () => {
  const before = await accounted();
  const body = orderBody({ orderId: 500, customerId: 500 });
  const id = await commit({ ...body, version: 99 });
  await untilParked(1);
  const verified = await runCommand(suite, 'verify');
  expect(verified.stdout).toContain('the views lack 1 parked event(s)');
  // The row gets the bytes of an event that this release knows, as if a release had come that knows version 99. The version in
  // the row still hides it from the consumer.
  await suite.read.query('UPDATE parked_events SET body = $1', [Buffer.from(JSON.stringify(body))]);
  expect(await run('redrive', '--dry-run')).toMatch(/customer_ltv_view\n\s+\+ \{.*"customer_id": 500/);
  expect([await tokenState(id), await accounted()]).toEqual([{ state: 'parked', isQuick: true }, before + 1]);

  await suite.read.query('UPDATE parked_events SET version = 1');
  await eventually(async () => expect(await tokenState(id)).toMatchObject({ state: 'included' }), {
    timeoutMs: 20_000,
  });
  expect((await suite.get('/api/analytics/customers/500/ltv')).body).toMatchObject({ orderCount: 1 });
  const archived = 'SELECT event_id AS id, app_id AS app, counted FROM event_archive WHERE event_id = $1';
  expect((await suite.read.query(archived, [id])).rows).toEqual([{ id, app: 'command-service', counted: true }]);
  expect(await status()).toMatchObject({ parkedEvents: 0 });
  expect([await listed(), await accounted()]).toEqual([[], before + 1]);

  // A copy that comes later changes nothing, neither one that is known nor one that is not.
  await publishCopy({ ...body, version: 99 }, id);
  await publishCopy(body, id);
  await commit(orderBody({ customerId: 501 }));
  await eventually(async () => expect((await suite.get('/api/analytics/customers/501/ltv')).status).toBe(200));
  expect((await suite.get('/api/analytics/customers/500/ltv')).body).toMatchObject({ orderCount: 1 });
  expect([await status(), await accounted()]).toEqual([expect.objectContaining({ parkedEvents: 0 }), before + 2]);
}, 60_000);

test('while parked events cannot be applied, the consumer is not ready, and sync-status says why', async () => {
  const body = orderBody({ customerId: 502 });
  const id = await commit({ ...body, version: 99 });
  await untilParked(1);
  await suite.read.query('ALTER TABLE customer_ltv_view ADD CONSTRAINT refuses CHECK (false) NOT VALID');
  await suite.read.query('UPDATE parked_events SET body = $1, version = 1', [Buffer.from(JSON.stringify(body))]);
  const readiness = async () => (await fetch(`${suite.consumer.url}/health/ready`)).status;
  await eventually(
    async () => {
      expect(await readiness()).toBe(503);
      const { reasons } = await status();
      expect(reasons).toContainEqual(
        expect.objectContaining({ code: 'views-refuse-events', detail: expect.stringContaining('refuses') }),
      );
    },
    { timeoutMs: 30_000 },
  );
  await suite.read.query('ALTER TABLE customer_ltv_view DROP CONSTRAINT refuses');
  await eventually(async () => expect(await tokenState(id)).toMatchObject({ state: 'included' }), {
    timeoutMs: 20_000,
  });
  await eventually(async () => expect(await readiness()).toBe(200));
}, 60_000);
