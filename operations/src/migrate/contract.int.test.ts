import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { parseMigration } from '@tallyline/chassis/migrations/migration-file';
import { readSchema } from '@tallyline/chassis/migrations/prepare-database';
import { ownVersion } from '@tallyline/chassis/process/version';
import { withClient } from '@tallyline/local/servers/schema';
import { createTestDatabases } from '@tallyline/local/testing/test-databases';
import { createTestPool } from '../../../tests/setup/test-database.js';
import type { MigratedDatabase } from './database.js';
import { showPlan } from './show-plan.js';
import { showStatus } from './show-status.js';
import { migrateUp } from './up.js';

const databases = await createTestDatabases();
afterAll(() => databases.drop());
const onRead = (sql: string) => withClient(databases.readDatabaseUrl, (client) => client.query(sql));

/** Each test has a contract step of its own, because a step runs once. */
let number = 9000;
let withContract: readonly MigratedDatabase[];
beforeEach(async () => {
  number += 1;
  const file = `migrations/read/${number}-a.sql`;
  const step = parseMigration(file, `-- kind: transaction\n-- step: contract\nCREATE TABLE dropped_${number} ()`);
  const [write, read] = await Promise.all([readSchema('write'), readSchema('read')]);
  withContract = [
    { side: 'write', url: databases.writeDatabaseUrl, schema: write },
    { side: 'read', url: databases.readDatabaseUrl, schema: { ...read, migrations: [...read.migrations, step] } },
  ];
  await onRead(`CREATE TABLE IF NOT EXISTS service_heartbeats (reporter TEXT PRIMARY KEY, service TEXT NOT NULL,
    version TEXT NOT NULL, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now());
    TRUNCATE service_heartbeats`);
  // The steps of earlier tests would count as those of a newer release.
  await onRead(`DELETE FROM schema_migrations WHERE id >= '9'`).catch(() => undefined);
});
const hasRun = async () => (await onRead(`SELECT to_regclass('dropped_${number}') IS NOT NULL AS yes`)).rows[0].yes;
const report = (service: string, version: string, age: string) =>
  onRead(`INSERT INTO service_heartbeats (reporter, service, version, last_seen_at)
          VALUES ('${service} ${version}', '${service}', '${version}', now() - interval '${age}')`);

test('a contract step waits until it is asked for', async () => {
  expect([await migrateUp(withContract, false), await hasRun()]).toEqual([0, false]);
  expect([await migrateUp(withContract, true), await hasRun()]).toEqual([0, true]);
});

test('a contract step is refused for a minute after a service of an older release has reported', async () => {
  await report('consumer-service', ownVersion, '1 second');
  await report('consumer-service', '0.1.9', '55 seconds');
  expect([await showPlan(withContract, true), await migrateUp(withContract, true), await hasRun()]).toEqual([
    1,
    1,
    false,
  ]);
  await onRead(`UPDATE service_heartbeats SET last_seen_at = last_seen_at - interval '6 seconds'`);
  expect([await showPlan(withContract, true), await migrateUp(withContract, true), await hasRun()]).toEqual([
    0,
    0,
    true,
  ]);
});

test.each([
  ['consumer-service', 1],
  ['command-service relay', 1],
  ['query-service', 1],
  [`query-service ${ownVersion}`, 0],
  ['search-service', 0],
  ['billing-service 0.1.0', 0],
])('while a session is named %j, a contract step ends with %i', async (applicationName, exitCode) => {
  // An older command-service is connected to the write database alone, and forbids contract steps of both.
  const url = applicationName.startsWith('command') ? databases.writeDatabaseUrl : databases.readDatabaseUrl;
  const service = createTestPool(url, { applicationName });
  await service.query('SELECT');
  expect([await migrateUp(withContract, true), await hasRun()]).toEqual([exitCode, exitCode === 0]);
  await service.end();
});

test('after a contract step of a newer release, up is refused and status ends with 1', async () => {
  const [write, read] = await Promise.all([readSchema('write'), readSchema('read')]);
  const ofThisRelease: readonly MigratedDatabase[] = [
    { side: 'write', url: databases.writeDatabaseUrl, schema: write },
    { side: 'read', url: databases.readDatabaseUrl, schema: read },
  ];
  expect([await migrateUp(withContract, false), await showStatus(ofThisRelease)]).toEqual([0, 0]);
  expect(await migrateUp(withContract, true)).toBe(0);
  expect(await showStatus(ofThisRelease)).toBe(1);
  const refusal = `a newer release has run the contract step ${number}-a`;
  await expect(migrateUp(ofThisRelease, false)).rejects.toThrow(refusal);
  await expect(showPlan(ofThisRelease, false)).rejects.toThrow(refusal);
});
