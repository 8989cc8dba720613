import { fileURLToPath } from 'node:url';
import pg from 'pg';

export { readMigrations } from '@tallyline/chassis/migrations/migration-file';
export { prepareDatabase, readSchema } from '@tallyline/chassis/migrations/prepare-database';

/** The repository root, two folders above both `src/` and `dist/`. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

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
