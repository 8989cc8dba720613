import { beforeAll, expect, test } from '@jest/globals';
import { ownVersion } from '@tallyline/chassis/process/version';
import { eventually } from '@tallyline/local/testing/eventually';
import pg from 'pg';
import { createProducts } from '../setup/order-flow.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();
let product: number | undefined;
beforeAll(async () => {
  [product] = await createProducts(suite, 1);
});

const VIEW = 'minute_sales_view';
const status = async () => (await suite.get('/api/analytics/sync-status')).body;
const isInSync = () =>
  eventually(async () => expect(await status()).toMatchObject({ status: 'in-sync', viewsLackingHistory: [] }), {
    timeoutMs: 20_000,
  });

async function order(): Promise<string> {
  const { status: answered, headers } = await suite.post('/api/orders', {
    customerId: 7,
    items: [{ productId: product, quantity: 1 }],
  });
  expect(answered).toBe(201);
  return headers.get('consistency-token') ?? '';
}

/** Leaves the state after older consumers: the inbox knows the events, and the view does not. */
async function emptyView(): Promise<void> {
  await suite.read.query(`DELETE FROM ${VIEW}`);
  await suite.read.query('DELETE FROM view_history WHERE view = $1', [VIEW]);
  await suite.read.query('SELECT register_view($1, 1)', [VIEW]);
}

test('query-service has a session with its version while nobody asks it anything', async () => {
  const sessions = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'query-service ${ownVersion}'`;
  const { rowCount } = await suite.read.query(`SELECT pg_terminate_backend(pid) ${sessions}`);
  expect(rowCount).toBeGreaterThan(0);
  await eventually(async () => expect((await suite.read.query(`SELECT ${sessions}`)).rowCount).toBe(1));
});

test('each service that writes has a heartbeat, which a clean stop deletes', async () => {
  const services = async () => {
    const [write, read] = await Promise.all(
      [suite.write, suite.read].map((db) => db.query('SELECT service FROM service_heartbeats')),
    );
    return [...(write?.rows ?? []), ...(read?.rows ?? [])].map(({ service }) => service);
  };
  expect(await services()).toEqual(['command-service', 'consumer-service']);
  const second = await suite.start('consumer-service');
  expect(await services()).toEqual(['command-service', 'consumer-service', 'consumer-service']);
  expect(await second.stop()).toBe(0);
  expect(await services()).toEqual(['command-service', 'consumer-service']);
});

test('sync-status names a view that lacks history until a rebuild of it, and then it is in sync', async () => {
  for (let n = 0; n < 5; n += 1) await order();
  await suite.inSync();
  await isInSync();
  await emptyView();
  const token = await order();
  await suite.inSync();

  // An event that is counted in the other views is included, whatever this view lacks.
  const answer = await suite.get('/api/orders?limit=1', { 'consistency-token': token });
  expect(answer.headers.get('consistency-status')).toBe('included');
  await eventually(async () =>
    expect(await status()).toMatchObject({
      status: 'incomplete',
      viewsLackingHistory: [VIEW],
      reasons: [{ code: 'view-lacks-history', detail: `older consumers have not filled ${VIEW}` }],
    }),
  );
  expect(await runCommand(suite, 'verify')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^minute_sales_view is not compared: it lacks history[\s\S]*\nEqual to the cent/),
  });

  const older = new pg.Client({ connectionString: suite.readDatabaseUrl, application_name: 'consumer-service' });
  await older.connect();
  const refused = await runCommand(suite, 'rebuild', '--view', VIEW);
  await older.end();
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining('consumer-service before 0.3.0 is connected'),
  ]);
  expect(await status()).toMatchObject({ status: 'incomplete' });

  expect(await runCommand(suite, 'rebuild', '--view', VIEW)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Rebuilt minute_sales_view alone, from \d+ events: .*\n.* is complete now\.\n$/),
  });
  await isInSync();
  expect(await runCommand(suite, 'verify')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Equal to the cent/),
  });
});

test('rebuild refuses the name of a view that does not exist', async () => {
  const { code, stderr } = await runCommand(suite, 'rebuild', '--view', 'nothing');
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no view "nothing"')]);
});
