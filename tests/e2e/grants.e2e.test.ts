import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { fromGlobalSetup } from '@tallyline/local/testing/test-databases';
import { orderBody, outboxMessage } from '../setup/outbox-message.js';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite, post } from '../setup/suite.js';

/** Roles belong to the whole server, so the roles of docs/grants.md get names of this run. */
const suffix = `_${process.pid}`;
const ROLES = ['command_service', 'replay_command', 'query_service', 'consumer_service', 'dead_letters_command'];
const document = readFileSync(new URL('../../docs/grants.md', import.meta.url), 'utf8');
const onViews = readFileSync(new URL('../../docs/grants-on-views.sql', import.meta.url), 'utf8');

function statements(side: 'write' | 'read'): string {
  const blocks = [...document.matchAll(/```sql\n(-- \w+)\n([\s\S]*?)```/g)];
  const found = blocks.find(([, first]) => first === `-- ${side}`)?.[2] ?? '';
  const all = side === 'read' ? found + onViews : found;
  return ROLES.reduce((sql, role) => sql.replace(new RegExp(`\\b${role}\\b`, 'g'), role + suffix), all);
}

/** Reads a row such as `| command-service | configure | write | read |`. */
function brokerPermissions(user: string): { configure: string; write: string; read: string } {
  const row = document.split('\n').find((line) => line.startsWith(`| ${user} |`)) ?? '';
  const [configure, write, read] = row
    .split(/(?<!\\)\|/)
    .slice(2, 5)
    .map((cell) => /`([^`]*)`/.exec(cell)?.[1]?.replaceAll('\\|', '|') ?? '');
  return { configure: configure ?? '', write: write ?? '', read: read ?? '' };
}

const suite = await openSuite({}, async ({ writeDatabaseUrl, readDatabaseUrl }) => {
  for (const [url, side] of [
    [writeDatabaseUrl, 'write'],
    [readDatabaseUrl, 'read'],
  ] as const) {
    await withClient(url, (client) => client.query(statements(side)));
  }
});
// The suite has dropped the databases by then, and with them the grants of these roles.
afterAll(async () => {
  await withClient(fromGlobalSetup('TEST_POSTGRES_URL'), async (client) => {
    for (const role of ROLES) await client.query(`DROP ROLE IF EXISTS ${role}${suffix}`);
  });
  for (const user of ['command-service', 'consumer-service', '`npm run dead-letters`'])
    await callManagement(suite.managementUrl, 'DELETE', `/api/users/${userName(user)}`).catch(() => undefined);
});

const as = (url: string, role: string) =>
  Object.assign(new URL(url), { username: role + suffix, password: 'change-me' }).href;
const userName = (user: string) => user.replace(/[^a-z]/g, '') + suffix;

/** Creates a user of the broker with the permissions of the document, and returns its URL. */
async function brokerUser(user: string): Promise<string> {
  const name = userName(user);
  await callManagement(suite.managementUrl, 'PUT', `/api/users/${name}`, { password: 'change-me', tags: '' });
  await callManagement(suite.managementUrl, 'PUT', `/api/permissions/${suite.vhost}/${name}`, brokerPermissions(user));
  return Object.assign(new URL(suite.brokerUrl), { username: name, password: 'change-me' }).href;
}

test('the suite and its commands work with exactly the grants of docs/grants.md', async () => {
  // The services have declared the topology as guest. The restricted users only use it.
  await Promise.all([suite.command, suite.consumer, suite.query].map((service) => service.kill()));
  // The consumer registers a view that is new to the database, as after an upgrade.
  await suite.read.query("DELETE FROM view_history WHERE view = 'orders_read'");
  const command = await suite.start('command-service', {
    WRITE_DATABASE_URL: as(suite.writeDatabaseUrl, 'command_service'),
    BROKER_URL: await brokerUser('command-service'),
  });
  const consumer = await suite.start('consumer-service', {
    READ_DATABASE_URL: as(suite.readDatabaseUrl, 'consumer_service'),
    BROKER_URL: await brokerUser('consumer-service'),
  });
  const query = await suite.start('query-service', { READ_DATABASE_URL: as(suite.readDatabaseUrl, 'query_service') });
  for (const { url } of [command, consumer, query])
    await eventually(async () => {
      const answer = await fetch(`${url}/health/ready`);
      expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'up' }]);
    });

  const send = (path: string, body: object, headers = {}) => post(`${command.url}${path}`, body, headers);
  const { productId } = (await send('/api/products', { name: 'Pin', category: 'Office', price: 1, stock: 10 })).body;
  for (const status of [201, 201]) {
    const order = { customerId: 3, items: [{ productId, quantity: 1 }] };
    expect((await send('/api/orders', order, { 'idempotency-key': 'once' })).status).toBe(status);
  }
  const purchase = {
    branchId: 'harbour',
    cashierId: 'c-1',
    posId: 'pos-1',
    receiptId: 'R-1',
    idempotencyKey: 'R-1',
    items: [{ productId, qty: 1, unitPrice: 1 }],
  };
  const recorded = await send('/api/purchases', purchase);
  expect(recorded.status).toBe(201);
  const said = async () => (await fetch(`${query.url}/api/analytics/sync-status`)).json();
  await eventually(async () => expect(await said()).toMatchObject({ status: 'in-sync' }), { timeoutMs: 20_000 });

  const { rows } = await suite.read.query("SELECT complete FROM view_history WHERE view = 'orders_read'");
  expect(rows).toEqual([{ complete: true }]);

  const eventId = recorded.headers.get('consistency-token') ?? '';
  const replay = { ...suite, writeDatabaseUrl: as(suite.writeDatabaseUrl, 'replay_command') };
  expect(await runCommand(replay, 'replay', '--id', eventId)).toMatchObject({ code: 0 });
  const deadLetters = {
    ...suite,
    readDatabaseUrl: as(suite.readDatabaseUrl, 'dead_letters_command'),
    brokerUrl: await brokerUser('`npm run dead-letters`'),
  };
  expect(await runCommand(deadLetters, 'dead-letters', 'list')).toMatchObject({
    code: 0,
    stdout: 'No dead letters.\n',
  });
  const newer = outboxMessage(orderBody({ version: 99 }), { headers: { 'cloudEvents:source': undefined } });
  await publishOrderMessage(suite.brokerUrl, newer.content.toString(), newer.properties);
  await eventually(async () => expect(await said()).toMatchObject({ parkedEvents: 1 }), { timeoutMs: 20_000 });
  for (const args of [['show'], ['redrive', '--id'], ['discard', '--for-good', '--id']])
    expect(await runCommand(deadLetters, 'dead-letters', ...args, newer.properties.messageId)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(newer.properties.messageId),
    });
  expect(await runCommand(suite, 'verify', '--accept')).toMatchObject({ code: 0 });
  expect(await runCommand(suite, 'rebuild')).toMatchObject({ code: 0 });

  const refused = [command, consumer].flatMap(({ log }) => log.filter(({ level }) => level >= 40));
  expect(refused).toMatchObject([{ msg: expect.stringContaining('were parked') }]);
}, 120_000);
