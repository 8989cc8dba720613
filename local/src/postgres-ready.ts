import pg from 'pg';
import { eventually } from './eventually.js';

/** Asked over TCP with the password, as the services will: a socket answers before TCP is open. */
export async function postgresAnswers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function untilPostgresAnswers(url: string, timeoutMs = 30_000): Promise<void> {
  return eventually(() => postgresAnswers(url), { timeoutMs, intervalMs: 50 });
}
