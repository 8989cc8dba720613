import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** The repository root, two folders above both `src/` and `dist/`. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

export type SchemaFile = 'init-write.sql' | 'init-read.sql';

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Applies a schema file. The files are idempotent and applied at every start, so an updated clone gets new columns. */
export async function applySchema(url: string, file: SchemaFile): Promise<void> {
  const sql = await readFile(`${repositoryRoot}${file}`, 'utf8');
  await withClient(url, (client) => client.query(sql));
}

/** Creates the database if it does not exist, and applies its schema. */
export async function createDatabase(url: string, file: SchemaFile): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  await withClient(databaseUrl(url, 'postgres'), async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
  await applySchema(url, file);
}
