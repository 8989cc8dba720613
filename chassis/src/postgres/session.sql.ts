import { createHash } from 'node:crypto';
import pg from 'pg';

/** Settings by name, as `SET` takes them. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * Settings that would change what our statements mean, or how the driver reads their answers, if the server, the database
 * or the role had other values: with DateStyle German the driver cannot read a timestamp, and with array_nulls off an
 * array loses its NULLs. default_transaction_read_only is not among them: who sets it means to stop writes.
 */
const REQUIRED: SessionSettings = {
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  lock_timeout: '0',
};

/** A frozen process must not hold claimed rows for ever: the server ends its transaction after this, and others take them. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

/** What a pool needs of each of its connections. `own` wins over what every pool needs. */
export function sessionSettings(statementTimeoutMs: number, own: SessionSettings = {}): SessionSettings {
  return {
    ...REQUIRED,
    statement_timeout: String(statementTimeoutMs),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_TIMEOUT_MS),
    ...own,
  };
}

/**
 * How the settings are in force on a connection.
 * - `direct`: the connection is one server session. They were set once and hold until it ends.
 * - `pooled`: a pooler such as PgBouncer stands between. Each transaction may run in another server session, which belongs
 *   to others afterwards, so each transaction sets them for itself (`begin`).
 *
 * They do not travel as start-up parameters: PgBouncer refuses those that it does not know, or ignores them.
 */
export interface Session {
  readonly kind: 'direct' | 'pooled';
  /** Starts a transaction in which the settings hold. */
  readonly begin: string;
  /** Shared by the connections of a pool. */
  readonly preparing: Preparing;
}

/** `isPossible` is false behind a pooler that forwards no prepared statements (PgBouncer with max_prepared_statements = 0). */
export interface Preparing {
  isPossible: boolean;
}

const hashes = new Map<string, string>();

/**
 * The name under which a statement is prepared, if it is. Behind a pooler it is made of the statement's text: such a session
 * may hold what another version of a service has prepared, and the same name must mean the same text there.
 */
export function preparedName({ kind, preparing }: Session, name: string | undefined, text: string): string | undefined {
  if (name === undefined || !preparing.isPossible) return undefined;
  if (kind === 'direct') return name;
  let hash = hashes.get(text);
  if (hash === undefined) {
    hash = createHash('sha256').update(text).digest('hex').slice(0, 40);
    hashes.set(text, hash);
  }
  return hash;
}

const sessions = new WeakMap<pg.ClientBase, Session>();

/** Prepares a new connection. */
export async function openSession(
  client: pg.ClientBase,
  settings: SessionSettings,
  preparing: Preparing,
): Promise<void> {
  const { rows } = await client.query<{ pid: number; commit: string }>(
    "SELECT pg_backend_pid() AS pid, current_setting('synchronous_commit') AS commit",
  );
  const [server] = rows;
  const wanted = { ...settings, ...(server?.commit === 'off' && DURABLE) };
  const set = (how: 'SET' | 'SET LOCAL') =>
    Object.entries(wanted)
      .map(([name, value]) => `${how} ${name} = ${value.split(',').map(pg.escapeLiteral).join(', ')}`)
      .join('; ');
  // A pooler answers the start-up with a process id of its own making.
  if (server?.pid === (client as unknown as { processID: number }).processID) {
    await client.query(set('SET'));
    sessions.set(client, { kind: 'direct', begin: 'BEGIN', preparing });
  } else {
    const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; ${set('SET LOCAL')}`;
    sessions.set(client, { kind: 'pooled', begin, preparing });
  }
}

/** With synchronous_commit off, PostgreSQL answers COMMIT before the data is on disk, so a crash could lose it. */
const DURABLE: SessionSettings = { synchronous_commit: 'on' };

export function sessionOf(client: pg.ClientBase): Session {
  const session = sessions.get(client);
  if (session === undefined) throw new Error('this connection is not of a pool that createPool made');
  return session;
}
