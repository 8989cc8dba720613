import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { ownVersion } from '@tallyline/chassis/process/version';
import { withClient } from '@tallyline/local/servers/schema';
import { createTestDatabases } from '@tallyline/local/testing/test-databases';
import { runCommand } from '../setup/run-command.js';

const databases = await createTestDatabases();
afterAll(() => databases.drop());
const migrate = (...args: string[]) => runCommand(databases, 'migrate', ...args);
const onRead = (sql: string) => withClient(databases.readDatabaseUrl, (client) => client.query(sql));

/** Makes the read database look like one that the first migration has not reached. */
beforeEach(async () => {
  await migrate('up');
  await onRead(`DELETE FROM schema_migrations WHERE id LIKE '0001-%'`);
});

test('status lists the migrations of both databases, and ends with 1 while one is pending', async () => {
  const { code, stdout } = await migrate('status');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^write database:\n {2}0001-schema-of-0-2 +expand +transaction +applied \d{4}-/);
  expect(stdout).toMatch(/\nread database:\n {2}0001-schema-of-0-2 +expand +transaction +pending\n/);
  expect(await migrate('status', '--only', 'write')).toMatchObject({ code: 0 });
});

test('up --dry-run says what would run and changes nothing; up runs it', async () => {
  const { code, stdout } = await migrate('up', '--dry-run');
  expect([code, stdout]).toEqual([
    0,
    'write database: nothing to do\nread database: would run migrations/read/0001-schema-of-0-2.sql (transaction)\n',
  ]);
  expect(await migrate('status')).toMatchObject({ code: 1 });
  expect(await migrate('up')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('read database: migrations/read/0001-schema-of-0-2.sql done in'),
  });
  expect(await migrate('status')).toMatchObject({ code: 0 });
});

test('up creates databases that do not exist, and up --dry-run does not', async () => {
  const other = { ...databases, readDatabaseUrl: `${databases.readDatabaseUrl}_new` };
  const name = new URL(other.readDatabaseUrl).pathname.slice(1);
  expect(await runCommand(other, 'migrate', 'up', '--dry-run')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('read database: would create the database and its schema'),
  });
  expect(await runCommand(other, 'migrate', 'status')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('read database: does not exist; up creates its schema'),
  });
  expect(await runCommand(other, 'migrate', 'up', '--contract')).toMatchObject({ code: 0 });
  expect(await runCommand(other, 'migrate', 'status')).toMatchObject({ code: 0 });
  await withClient(databases.writeDatabaseUrl, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
});

test('a changed file is named, and ends up and --dry-run with 2', async () => {
  await migrate('up');
  await onRead(`UPDATE schema_migrations SET checksum = 'another' WHERE id LIKE '0001-%'`);
  for (const args of [['up'], ['up', '--dry-run']]) {
    expect(await migrate(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'migrations/read/0001-schema-of-0-2.sql: the text has changed since it was applied',
      ),
    });
  }
  expect(await migrate('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('CHANGED') });
});

test.each([[[]], [['down']], [['up', '--only', 'both']], [['status', '--contract']]])(
  'the arguments %j end with 2 and the usage',
  async (args) => {
    expect(await migrate(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('npm run migrate -- status'),
    });
  },
);

test('the release is the version of the packages', () => {
  expect(ownVersion).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
});
