import pg from 'pg';
import { eventually } from '../testing/eventually.js';

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

const CANNOT_CONNECT_NOW = '57P03';

/**
 * In time, or as long as it says itself that it is starting up: it recovers from a crash, and killed for being slow it would
 * begin again, for ever.
 */
export async function untilPostgresAnswers(url: string, timeoutMs = 30_000): Promise<void> {
  for (;;) {
    try {
      return await eventually(() => postgresAnswers(url), { timeoutMs, intervalMs: 50 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== CANNOT_CONNECT_NOW) throw error;
    }
  }
}
