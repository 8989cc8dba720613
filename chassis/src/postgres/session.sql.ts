import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';

/** Settings by name, as `SET` takes them. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * Settings that the server, the database or the role may have changed, and that affect the meaning of our statements or
 * how the driver reads answers: with DateStyle German it cannot read a timestamp, and with array_nulls off an array
 * loses its NULLs. default_transaction_read_only is left alone, because an administrator sets it to stop writes.
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

/** After this time the server ends the transaction of a frozen process, so that others can use the rows it locked. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

/** The settings for each connection of a pool. Those in `own` take precedence. */
export function sessionSettings(statementTimeoutMs: number, own: SessionSettings = {}): SessionSettings {
  return {
    ...REQUIRED,
    statement_timeout: String(statementTimeoutMs),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_TIMEOUT_MS),
    ...own,
  };
}

/**
 * How settings are applied to a connection.
 * - `direct`: the connection is one server session. The settings are set once and hold until it ends.
 * - `pooled`: a pooler such as PgBouncer is in between. Each transaction may run in another server session, which
 *   others use afterwards, so each transaction makes the settings for itself (`begin`).
 *
 * The settings are not sent as start-up parameters, because PgBouncer refuses or ignores those that it does not know.
 */
export interface Session {
  readonly kind: 'direct' | 'pooled';
  /** Starts a transaction in which the settings hold. */
  readonly begin: string;
  /** All connections of a pool share this object. */
  readonly preparing: Preparing;
}

export interface Preparing {
  /** Becomes false behind a pooler without prepared statements (PgBouncer, max_prepared_statements = 0). */
  isPossible: boolean;
  /**
   * The end of each prepared statement's name. It changes when a statement turns out to be stale: after a migration every
   * other connection has stale ones, too, and a pooler keeps its sessions even if we close our connections. Behind a pooler it
   * is also the end of the text, because PgBouncer finds what it has prepared by the text and ignores our names.
   */
  suffix: string;
}

export const newPreparing = (): Preparing => ({ isPossible: true, suffix: '' });

/**
 * Makes all connections prepare their statements anew, unless that has happened since `suffix` was used. The new suffix is
 * random, so that no other process has used it before the change of the table.
 */
export function prepareAnew(preparing: Preparing, suffix: string): void {
  if (preparing.suffix === suffix) preparing.suffix = `~${randomBytes(4).toString('hex')}`;
}

const hashes = new Map<string, string>();

/**
 * The name and the text with which a statement is prepared; without a name it is not. Behind a pooler the name is a hash of the
 * text: another version of a service may have prepared statements in the same session, so equal names must mean equal texts.
 */
export function prepared(
  { kind, preparing: { isPossible, suffix } }: Session,
  name: string | undefined,
  text: string,
): { readonly name: string | undefined; readonly text: string } {
  if (name === undefined || !isPossible) return { name: undefined, text };
  if (kind === 'direct') return { name: name + suffix, text };
  let hash = hashes.get(text);
  if (hash === undefined) {
    hash = createHash('sha256').update(text).digest('hex').slice(0, 40);
    hashes.set(text, hash);
  }
  return { name: hash + suffix, text: suffix === '' ? text : `${text} /* ${suffix} */` };
}

const sessions = new WeakMap<pg.ClientBase, Session>();

/** Finds out whether a new connection is direct or pooled, and makes the settings. */
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
  // A pooler answers the start-up with an invented process id.
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
  if (session === undefined) throw new Error('this connection has no settings: open it with a pool of createPool');
  return session;
}
