import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { callManagement } from './rabbitmq-ready.js';
import { applySchema, databaseUrl, type SchemaFile, withClient } from './schema.js';

export interface TestDatabases {
  readonly writeDatabaseUrl: string;
  readonly readDatabaseUrl: string;
  drop(): Promise<void>;
}

export interface TestVhost {
  readonly brokerUrl: string;
  readonly managementUrl: string;
  readonly vhost: string;
  drop(): Promise<void>;
}

const TEMPLATES: Readonly<Record<string, SchemaFile>> = {
  write_template: 'init-write.sql',
  read_template: 'init-read.sql',
};

/** Once per jest run. A clone of a finished template takes 30 ms, applying the file each time three times as long. */
export async function buildTemplates(adminUrl: string): Promise<void> {
  for (const [template, file] of Object.entries(TEMPLATES)) {
    await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${template}`));
    await applySchema(databaseUrl(adminUrl, template), file);
  }
}

/** A pair of databases of one's own: test files run at the same time and never see each other's rows. */
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
 * A pool of plain connections for what a test asks itself. `end()` does not wait for the server, so a database that is
 * dropped right after may still end one of them: that is no failure.
 */
export function openTestPool(url: string, maxConnections = 2): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections });
  pool.on('error', () => undefined);
  return pool;
}

/** A broker of one's own, as far as exchanges, queues and connections go. */
export async function createTestVhost(): Promise<TestVhost> {
  const managementUrl = fromGlobalSetup('TEST_MANAGEMENT_URL');
  const vhost = `test-${randomBytes(6).toString('hex')}`;
  await callManagement(managementUrl, 'PUT', `/api/vhosts/${vhost}`, {});
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await callManagement(managementUrl, 'PUT', `/api/permissions/${vhost}/guest`, everything);
  const brokerUrl = new URL(fromGlobalSetup('TEST_BROKER_URL'));
  brokerUrl.pathname = `/${vhost}`;
  return {
    brokerUrl: brokerUrl.href,
    managementUrl,
    vhost,
    drop: async () => {
      await callManagement(managementUrl, 'DELETE', `/api/vhosts/${vhost}`);
    },
  };
}

export function fromGlobalSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this test through \`npm test\``);
  return value;
}
