import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { databaseUrl, prepareDatabase, withClient } from '../servers/schema.js';
import { createVhost, type Vhost } from '../servers/vhost.js';

export interface TestDatabases {
  readonly writeDatabaseUrl: string;
  readonly readDatabaseUrl: string;
  drop(): Promise<void>;
}

/** Builds the template databases once per jest run, because cloning one is faster than preparing it. */
export async function buildTemplates(adminUrl: string): Promise<void> {
  for (const side of ['write', 'read'] as const) await prepareDatabase(databaseUrl(adminUrl, `${side}_template`), side);
}

/** Creates a pair of databases for one test file, because test files run at the same time. */
export async function createTestDatabases(): Promise<TestDatabases> {
  const adminUrl = fromGlobalSetup('TEST_POSTGRES_URL');
  const suffix = randomBytes(6).toString('hex');
  const names = [`write_${suffix}`, `read_${suffix}`] as const;
  await withClient(adminUrl, async (client) => {
    await client.query(`CREATE DATABASE ${names[0]} TEMPLATE write_template`);
    await client.query(`CREATE DATABASE ${names[1]} TEMPLATE read_template`);
  });
  return {
    writeDatabaseUrl: databaseUrl(adminUrl, names[0]),
    readDatabaseUrl: databaseUrl(adminUrl, names[1]),
    drop: () =>
      withClient(adminUrl, async (client) => {
        for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/**
 * Opens a pool for a test's own queries. It ignores connection errors: `end()` does not wait for the server, so if the
 * database is dropped right after, the server may still terminate a connection.
 */
export function openTestPool(url: string, maxConnections = 2): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections });
  pool.on('error', () => undefined);
  return pool;
}

export function createTestVhost(): Promise<Vhost> {
  return createVhost({
    brokerUrl: fromGlobalSetup('TEST_BROKER_URL'),
    managementUrl: fromGlobalSetup('TEST_MANAGEMENT_URL'),
  });
}

export function fromGlobalSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set. Run this test with \`npm test\``);
  return value;
}
