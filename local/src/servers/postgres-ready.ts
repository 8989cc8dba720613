import pg from 'pg';
import { eventually } from '../testing/eventually.js';

/** Connects over TCP with the password, as the services do. A Unix socket would answer before TCP is open. */
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
 * Waits until the server answers. A server that reports that it is starting up is recovering from a crash and gets all
 * the time it needs: if it were killed at the timeout, its recovery would begin again each time.
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
