import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabases, type TestDatabases } from '../testing/test-databases.js';
import { applySchema, type SchemaFile, withClient } from './schema.js';

let databases: TestDatabases;
let files: readonly [url: string, file: SchemaFile][];
beforeAll(async () => {
  databases = await createTestDatabases();
  files = [
    [databases.writeDatabaseUrl, 'init-write.sql'],
    [databases.readDatabaseUrl, 'init-read.sql'],
  ];
});
afterAll(() => databases.drop());

test('a schema is applied while somebody reads every table, as a dump does, and makes nobody wait', async () => {
  for (const [url, file] of files) {
    await withClient(url, async (client) => {
      const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
      await client.query('BEGIN');
      for (const { tablename } of rows) await client.query(`LOCK TABLE ${tablename} IN ACCESS SHARE MODE`);
      await applySchema(url, file);
    });
  }
});

test('a schema can be applied to an empty database from several places at once', async () => {
  for (const [url, file] of files) {
    await withClient(url, (client) => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
    await Promise.all([1, 2, 3].map(() => applySchema(url, file)));
    const { rows } = await withClient(url, (client) => client.query('SELECT count(*)::int AS n FROM branches'));
    expect(rows[0].n).toBeGreaterThan(0);
  }
});

test('what a database of an earlier version lacks is added', async () => {
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
  for (const [url, file] of files) await applySchema(url, file);
  for (const [url, table, column] of later)
    await withClient(url, (client) => client.query(`SELECT ${column} FROM ${table}`));
});

test.each([
  ['something had been pruned', '500 days', true],
  ['nothing had been pruned', '0 days', false],
])('what is gone from the outbox of an earlier version is noted where %s', async (_what, productAge, isNoted) => {
  await withClient(databases.writeDatabaseUrl, async (client) => {
    await client.query('DROP TABLE outbox_pruned; TRUNCATE products, outbox CASCADE');
    await client.query(
      `INSERT INTO products (name, category, price, stock, created_at) VALUES ('Mug', 'Kitchen', 1, 1, now() - $1::interval)`,
      [productAge],
    );
    await client.query(`INSERT INTO outbox (id, topic, payload) VALUES (gen_random_uuid(), 't', '{}')`);
    await applySchema(databases.writeDatabaseUrl, 'init-write.sql');
    const { rowCount } = await client.query('SELECT FROM outbox_pruned p JOIN outbox o ON o.created_at = p.until');
    expect(rowCount).toBe(isNoted ? 1 : 0);
  });
});
