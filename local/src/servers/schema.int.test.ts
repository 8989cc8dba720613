import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabases, type TestDatabases } from '../testing/test-databases.js';
import { prepareDatabase, repositoryRoot, withClient } from './schema.js';

let databases: TestDatabases;
let sides: readonly [url: string, side: 'write' | 'read'][];
beforeAll(async () => {
  databases = await createTestDatabases();
  sides = [
    [databases.writeDatabaseUrl, 'write'],
    [databases.readDatabaseUrl, 'read'],
  ];
});
afterAll(() => databases.drop());

/** Applies an init file as psql does, on every start of a Compose project of the owner's. */
async function applyInitFile(url: string, side: 'write' | 'read'): Promise<void> {
  const sql = await readFile(`${repositoryRoot}init-${side}.sql`, 'utf8');
  await withClient(url, (client) => client.query(sql));
}

/** Makes the database look like one of a release without migrations. */
async function dropRecords(url: string): Promise<void> {
  await withClient(url, (client) => client.query('DROP TABLE schema_migrations'));
}

test('applies a schema without waiting for a transaction that reads every table, such as a dump', async () => {
  for (const [url, side] of sides) {
    await withClient(url, async (client) => {
      const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
      await client.query('BEGIN');
      for (const { tablename } of rows) await client.query(`LOCK TABLE ${tablename} IN ACCESS SHARE MODE`);
      await applyInitFile(url, side);
      await prepareDatabase(url, side);
    });
  }
});

test('applies a schema to an empty database from several connections at once', async () => {
  for (const [url, side] of sides) {
    await withClient(url, (client) => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
    await Promise.all([1, 2, 3].map((run) => (run === 1 ? applyInitFile(url, side) : prepareDatabase(url, side))));
    const { rows } = await withClient(url, (client) => client.query('SELECT count(*)::int AS n FROM branches'));
    expect(rows[0].n).toBeGreaterThan(0);
  }
});

test('adds the columns that a database of an earlier version lacks', async () => {
  const later: readonly [url: string, table: string, column: string][] = [
    [databases.readDatabaseUrl, 'sync_state', 'gap_since'],
    [databases.readDatabaseUrl, 'sync_state', 'lacks_history'],
    [databases.readDatabaseUrl, 'sync_state', 'told_ahead'],
    [databases.readDatabaseUrl, 'event_archive_moved', 'foreign_events'],
    [databases.readDatabaseUrl, 'replay_state', 'asked_from'],
    [databases.readDatabaseUrl, 'replay_state', 'asked_until'],
    [databases.readDatabaseUrl, 'replay_state', 'tell_requested_at'],
    [databases.readDatabaseUrl, 'replay_state', 'tell_attempts'],
  ];
  for (const [url, table, column] of later)
    await withClient(url, (client) => client.query(`ALTER TABLE ${table} DROP COLUMN ${column}`));
  for (const [url, side] of sides) {
    await dropRecords(url);
    await prepareDatabase(url, side);
  }
  for (const [url, table, column] of later)
    await withClient(url, (client) => client.query(`SELECT ${column} FROM ${table}`));
});

test.each([
  ['records', '500 days', true],
  ['does not record', '0 days', false],
])(
  '%s that the outbox of an earlier version was pruned when the oldest product is %s old',
  async (_what, productAge, isRecorded) => {
    await withClient(databases.writeDatabaseUrl, async (client) => {
      await client.query('DROP TABLE outbox_pruned; TRUNCATE products, outbox CASCADE');
      await client.query(
        `INSERT INTO products (name, category, price, stock, created_at) VALUES ('Mug', 'Kitchen', 1, 1, now() - $1::interval)`,
        [productAge],
      );
      await client.query(`INSERT INTO outbox (id, topic, payload) VALUES (gen_random_uuid(), 't', '{}')`);
      await client.query('DROP TABLE IF EXISTS schema_migrations');
      await prepareDatabase(databases.writeDatabaseUrl, 'write');
      const { rowCount } = await client.query('SELECT FROM outbox_pruned p JOIN outbox o ON o.created_at = p.until');
      expect(rowCount).toBe(isRecorded ? 1 : 0);
    });
  },
);
