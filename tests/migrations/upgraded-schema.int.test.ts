import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contract } from '@tallyline/chassis/migrations/migrate-up';
import { prepareDatabase, readSchema } from '@tallyline/chassis/migrations/prepare-database';
import { LOCK_LIMITS, withMigrationSession } from '@tallyline/chassis/migrations/session.sql';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestDatabases, type TestDatabases } from '@tallyline/local/testing/test-databases';
import { readCatalogue } from './read-catalogue.js';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases.drop());

const root = new URL('../../', import.meta.url);
const textOf = (path: string) => readFile(new URL(path, root), 'utf8');
const urlOf = (side: 'write' | 'read') => (side === 'write' ? databases.writeDatabaseUrl : databases.readDatabaseUrl);

/** Replaces all tables by those of an earlier release's init file, and migrates as an operator does. */
async function upgrade(side: 'write' | 'read', initFile: string): Promise<string> {
  const url = urlOf(side);
  await withClient(url, async (client) => {
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await client.query(await textOf(initFile));
  });
  await prepareDatabase(url, side);
  const { migrations } = await readSchema(side);
  await withMigrationSession({ url, say: () => undefined, limits: LOCK_LIMITS }, (session) =>
    contract(session, migrations, async () => []),
  );
  return url;
}

describe.each(['write', 'read'] as const)('the schema of the %s database', (side) => {
  let fresh: Awaited<ReturnType<typeof readCatalogue>>;
  beforeAll(async () => {
    const pristine = await createTestDatabases();
    fresh = await readCatalogue(side === 'write' ? pristine.writeDatabaseUrl : pristine.readDatabaseUrl);
    await pristine.drop();
  });

  test('was read in full', () => {
    expect(Object.keys(fresh.tables ?? {}).length).toBeGreaterThan(10);
    expect(Object.keys(fresh.columns ?? {}).length).toBeGreaterThan(40);
  });

  test.each(['0.1', '0.2'])(
    'is the same in a fresh database and in one of release %s after all migrations',
    async (from) => {
      expect(await readCatalogue(await upgrade(side, `tests/fixtures/${from}/init-${side}.sql`))).toEqual(fresh);
    },
  );

  // The owner's Compose project may apply the init files with psql, which records nothing.
  test('stays the same when all migrations run on a fresh database without records', async () => {
    expect(await readCatalogue(await upgrade(side, `init-${side}.sql`))).toEqual(fresh);
  });

  test('is the same after one run of the init file and after two runs at a time', async () => {
    const url = urlOf(side);
    const sql = await textOf(`init-${side}.sql`);
    const apply = () => withClient(url, (client) => client.query(sql));
    const reset = () => withClient(url, (client) => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
    await reset();
    await apply();
    const once = await readCatalogue(url);
    await reset();
    await Promise.all([apply(), apply()]);
    expect(await readCatalogue(url)).toEqual(once);
  });

  test('is not applied while another run changes the schema, and the index of that run is built', async () => {
    const url = urlOf(side);
    const sql = (await textOf(`init-${side}.sql`)).replace("'10 seconds'", "'1 second'");
    await withClient(url, async (other) => {
      await other.query("CREATE TABLE IF NOT EXISTS stones (id INT); SELECT pg_advisory_lock(hashtext('schema'))");
      await withClient(url, async (client) => {
        const applied = expect(client.query(sql)).rejects.toThrow('another run changes the schema of this database');
        await eventually(async () => {
          const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
          expect((await other.query(waiting)).rowCount).toBe(1);
        });
        await other.query('CREATE INDEX CONCURRENTLY stones_id ON stones (id)');
        await applied;
      });
      await other.query('DROP TABLE stones');
    });
  });
});
