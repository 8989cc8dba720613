import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { newPreparing, openSession, sessionOf, sessionSettings } from '../postgres/session.sql.js';

/** Receives lines for the operator: what runs, what it waits for, how far it is. */
export type Say = (line: string) => void;

/** How long a migration waits for a table lock, and how often it tries. */
export interface LockLimits {
  /** Every other transaction on the table queues behind a statement that waits for its lock, so the wait is short. */
  readonly lockTimeoutMs: number;
  readonly attempts: number;
  /** The pause after the first attempt. Each later one is twice as long, up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** Some three minutes in all. */
export const LOCK_LIMITS: LockLimits = {
  lockTimeoutMs: 2_000,
  attempts: 20,
  firstPauseMs: 250,
  longestPauseMs: 10_000,
};

/** A connection that holds the lock of all schema changes of its database. */
export interface MigrationSession {
  readonly client: pg.Client;
  readonly url: string;
  readonly say: Say;
  readonly limits: LockLimits;
}

const CONNECT_TIMEOUT_MS = 5_000;
const INVALID_CATALOG_NAME = '3D000';
/** Another run has created the database in the same moment. */
const ALREADY_CREATED = new Set(['42P04', '23505']);

/** Runs `work` on a connection. A statement may take as long as it needs, because an index of a large table takes hours. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs `work` while no other run changes the schema of the database. */
export function withMigrationSession<T>(
  { url, say, limits }: Omit<MigrationSession, 'client'>,
  work: (session: MigrationSession) => Promise<T>,
): Promise<T> {
  return withConnection(url, async (client) => {
    await openSession(client, sessionSettings(0, { client_min_messages: 'warning' }), newPreparing());
    if (sessionOf(client).kind === 'pooled')
      throw new Error(
        'migrations need a server session of their own, and this URL leads to a connection pooler (PgBouncer or the like): ' +
          'use the address of PostgreSQL itself',
      );
    await takeLock(client, say);
    return work({ client, url, say, limits });
  });
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'migrate',
  });
  client.on('error', () => undefined); // the running query fails with the same error
  await client.connect();
  return client;
}

/** True if the server has the database. */
export async function databaseExists(url: string): Promise<boolean> {
  try {
    await withConnection(url, async () => undefined);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === INVALID_CATALOG_NAME) return false;
    throw error;
  }
}

export async function createDatabase(url: string): Promise<void> {
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  await withConnection(server.href, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    } catch (error) {
      if (!ALREADY_CREATED.has(String((error as { code?: unknown }).code))) throw error;
    }
  });
}

const LOCK_CHECK_INTERVAL_MS = 200;
const CHECKS_PER_LINE = 50;

/**
 * Takes the lock that the init files take, too; it ends with the connection. It asks again and again instead of waiting in
 * the server: CREATE INDEX CONCURRENTLY of the other run would wait for the statement that waits for the lock.
 */
async function takeLock(client: pg.Client, say: Say): Promise<void> {
  for (let checks = 0; ; checks += 1) {
    const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock(hashtext('schema')) AS taken");
    if (rows[0]?.taken === true) return;
    if (checks % CHECKS_PER_LINE === 0) say('waiting for another run that changes the schema of this database …');
    await delay(LOCK_CHECK_INTERVAL_MS);
  }
}

/** Limits the wait for locks of the next statements, or of this transaction. 0 means no limit. */
export async function limitLockWait(client: pg.ClientBase, ms: number, scope: 'SET' | 'SET LOCAL'): Promise<void> {
  await client.query(`${scope} lock_timeout = ${ms}`);
}

/** Describes the oldest open transactions of others in this database, which are the likely holders of a lock. */
export async function describeOldestTransactions(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ pid: number; name: string; seconds: number }>(
    `SELECT pid, application_name AS name, extract(epoch FROM now() - xact_start)::int AS seconds FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 second'
      ORDER BY xact_start LIMIT 3`,
  );
  if (rows.length === 0) return 'No transaction of this database has been open for longer than a second now.';
  const each = rows.map(({ pid, name, seconds }) => `pid ${pid}${name === '' ? '' : ` (${name})`} for ${seconds} s`);
  return `The oldest open transactions: ${each.join(', ')}.`;
}
