import { expect, test } from '@jest/globals';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestDatabases } from '@tallyline/local/testing/test-databases';
import { runCommand } from '../setup/run-command.js';
import { openSuite, post } from '../setup/suite.js';

/** Gives a database its own identity. Test databases are copies of one template, so all of them have the template's identity. */
const renew = (url: string) =>
  withClient(url, (client) => client.query('UPDATE source_identity SET id = gen_random_uuid()'));

const suite = await openSuite({}, ({ writeDatabaseUrl }) => renew(writeDatabaseUrl).then(() => undefined));

async function orderOne(url: string): Promise<void> {
  const product = { name: 'Pin', category: 'Office', price: 1, stock: 10 };
  const { body } = await post(`${url}/api/products`, product);
  const order = { customerId: 3, items: [{ productId: body.productId, quantity: 1 }] };
  expect((await post(`${url}/api/orders`, order)).status).toBe(201);
}

const status = async () => (await suite.get('/api/analytics/sync-status')).body;
const codes = async () => (await status()).reasons.map(({ code }: { code: string }) => code);

test('sync-status reports a second write database on the same virtual host, and is not in-sync', async () => {
  const ledger = async () => {
    const { rows } = await suite.read.query(
      'SELECT sum(committed)::int AS committed, sum(settled)::int AS "accountedFor" FROM event_ledger',
    );
    return rows;
  };
  await orderOne(suite.command.url);
  await eventually(async () => expect(await ledger()).toEqual([{ committed: 2, accountedFor: 2 }]));
  const other = await createTestDatabases();
  await renew(other.writeDatabaseUrl);
  const second = await suite.start('command-service', { WRITE_DATABASE_URL: other.writeDatabaseUrl });
  await orderOne(second.url);
  await eventually(async () => {
    expect(await status()).toMatchObject({
      status: 'incomplete',
      reasons: [{ code: 'second-write-database', detail: expect.stringMatching(/^events of 1 other write database/) }],
    });
  });
  // The ledger does not include the counts of the second database.
  expect(await ledger()).toEqual([{ committed: 2, accountedFor: 2 }]);
  await second.stop();
  // The views include the second database's events, so `verify --accept` must refuse.
  expect(await runCommand(suite, 'verify', '--accept')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^the views include 2 event\(s\) of another write database/),
  });
  expect(await codes()).toEqual(['second-write-database']);
  await other.drop();
}, 60_000);

test.each<[string, string, RegExp]>([
  [
    'a dump is restored into the write database',
    `CREATE TEMP TABLE kept AS SELECT * FROM source_identity;
     DELETE FROM source_identity; INSERT INTO source_identity SELECT * FROM kept`,
    /restored from a dump/,
  ],
])(
  'when %s, sync-status is incomplete until both sides were compared',
  async (_what, restore, doubt) => {
    const fresh = await createTestDatabases();
    await renew(fresh.writeDatabaseUrl);
    const place = { writeDatabaseUrl: fresh.writeDatabaseUrl, readDatabaseUrl: fresh.readDatabaseUrl };
    const env = { WRITE_DATABASE_URL: place.writeDatabaseUrl, READ_DATABASE_URL: place.readDatabaseUrl };
    await suite.command.kill();
    await suite.consumer.kill();
    const command = await suite.start('command-service', env);
    const consumer = await suite.start('consumer-service', env);
    const query = await suite.start('query-service', env);
    const said = async () =>
      (await fetch(`${query.url}/api/analytics/sync-status`)).json() as Promise<{ status: string }>;
    await orderOne(command.url);
    await eventually(async () => expect(await said()).toMatchObject({ status: 'in-sync', reasons: [] }));

    await withClient(place.writeDatabaseUrl, (client) => client.query(restore));
    await eventually(async () =>
      expect(await said()).toMatchObject({
        status: 'incomplete',
        reasons: [
          {
            code: 'write-database-changed',
            detail: expect.stringMatching(doubt),
            action: 'npm run verify -- --accept',
          },
        ],
      }),
    );
    expect(await runCommand(place, 'verify', '--accept')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Accepted: the views are counted against this write database.'),
    });
    await eventually(async () => expect(await said()).toMatchObject({ status: 'in-sync', reasons: [] }));
    expect(await runCommand(place, 'verify', '--accept')).toMatchObject({
      stdout: expect.stringContaining('There was nothing to accept.'),
    });
    await Promise.all([command.stop(), consumer.stop(), query.stop()]);
    await fresh.drop();
  },
  90_000,
);
