import type { Socket } from 'node:net';
import pg from 'pg';
import { coalesceWrites } from '../batching/coalesce-writes.js';
import type { Logger } from '../process/logger.js';
import {
  classify,
  Disconnected,
  databaseError,
  isAborted,
  isMissingStatement,
  isStaleStatement,
  NotConnected,
  StaleStatement,
  TransactionError,
} from './errors.js';
import {
  newPreparing,
  openSession,
  prepareAnew,
  prepared,
  type SessionSettings,
  sessionOf,
  sessionSettings,
} from './session.sql.js';

export type Pool = pg.Pool;

/** A named statement is prepared once per connection, which saves its planning on every later call. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Runs a statement: a pool for single statements, a Tx for statements of one transaction. */
export interface Queryable {
  query<Row extends object>(statement: Statement): Promise<Row[]>;
}

declare const openTransaction: unique symbol;

/** The rows of each statement, once the server has answered. */
export interface LastStatements<Row> {
  readonly rows: () => Promise<Row[][]>;
}

/** An open transaction. Only withTransaction creates one, so a statement outside its transaction does not compile. */
export interface Tx extends Queryable {
  readonly [openTransaction]: true;
  /**
   * Sends the last statements so that COMMIT follows without waiting for their answers. If one fails, the transaction
   * is rolled back. The parameter is statements rather than promises, so none can be sent after COMMIT.
   */
  commitBehind<Row extends object>(statements: readonly Statement[]): LastStatements<Row>;
  /**
   * Runs `work` and rolls its changes back to a savepoint. When the server refuses one of its statements, the error is
   * thrown, and the transaction can continue.
   */
  undone<T>(work: () => Promise<T>): Promise<T>;
}

export interface PoolOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly maxConnections: number;
  /** The server ends a statement after this time. If it does not answer, the client drops the connection 2 s later. */
  readonly statementTimeoutMs: number;
  readonly log: Logger;
  /** Additional server settings, such as a search_path. */
  readonly settings?: SessionSettings;
}

/** pg returns BIGINT as text. Ids and counts are safe integers by schema, so they become numbers; NUMERIC stays text. */
const INT8 = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Parameters that the driver would take from the URL in preference to our options. */
const OPTIONS_OF_POOL = [
  'application_name',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
];

function withoutPoolOptions(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  for (const name of OPTIONS_OF_POOL) url.searchParams.delete(name);
  return url.href;
}

export function createPool(options: PoolOptions): Pool {
  const { url, applicationName, maxConnections, statementTimeoutMs, log } = options;
  const settings = sessionSettings(statementTimeoutMs, options.settings);
  const preparing = newPreparing();
  const pool = new pg.Pool({
    connectionString: withoutPoolOptions(url),
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: 2_000,
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    // A prepared plan lives as long as its connection and may become bad as the tables grow.
    maxLifetimeSeconds: 1_800,
    pipeline: true,
    types,
    onConnect: (client) => openSession(client, settings, preparing),
  });
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));
  // Sends a transaction's first statements together with BEGIN, and its last ones with COMMIT.
  pool.on('connect', (client) =>
    coalesceWrites((client as unknown as { connection: { stream: Socket } }).connection.stream),
  );
  return pool;
}

/**
 * Throws when the database is reached through a connection pooler. Commands call it whose transactions last for minutes
 * or that rely on one server session.
 */
export async function refusePooler(pool: Pool, command: string): Promise<void> {
  const client = await borrow(pool, command);
  const { kind } = sessionOf(client);
  client.release();
  if (kind === 'direct') return;
  throw new Error(
    `${command} needs a server session of its own, and this URL leads to a connection pooler (PgBouncer or the like): ` +
      'use the address of PostgreSQL itself',
  );
}

/** Runs single statements outside of a transaction. Behind a pooler, each one is a transaction of its own. */
export function onPool(pool: Pool): Queryable {
  return {
    query: <Row extends object>(statement: Statement) =>
      retryingStaleStatement(() => queryOnPool<Row>(pool, statement)),
  };
}

async function queryOnPool<Row extends object>(pool: Pool, statement: Statement): Promise<Row[]> {
  const step = statement.name ?? 'query';
  const client = await borrow(pool, step);
  if (sessionOf(client).kind === 'pooled') {
    const last = await inTransaction(client, step, async (tx) => tx.commitBehind<Row>([statement]), false);
    return (await last.rows())[0] ?? [];
  }
  let lost: Error | undefined;
  const onLost = (error: Error) => {
    lost ??= error;
  };
  client.on('error', onLost);
  try {
    return (await send<Row>(client, statement)).rows;
  } catch (thrown) {
    const error = thrown === lost ? new Disconnected(step, thrown, false) : thrown;
    // After a refused statement the connection is still good.
    if (classify(error) !== 'refused') onLost(error as Error);
    throw isStaleStatement(error) ? new StaleStatement(step, error) : error;
  } finally {
    client.removeListener('error', onLost);
    client.release(lost);
  }
}

/**
 * Runs `attempt`, and a second time when its prepared statement is missing or outdated: a migration ran, or a pooler
 * switched to another session. Nothing is stored in that case. The second time all statements are prepared anew, whatever
 * connection they get.
 */
async function retryingStaleStatement<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof StaleStatement)) throw error;
  }
  return attempt().catch((error) => {
    // An outer transaction must not be repeated because of this failure.
    throw error instanceof StaleStatement ? error.asFinal() : error;
  });
}

function borrow(pool: Pool, step: string): Promise<pg.PoolClient> {
  return pool.connect().catch((error: unknown) => {
    throw new NotConnected(step, error);
  });
}

/**
 * Sends a statement as a pg.Query, because pg would clone a plain object property by property, which is slow.
 * `onFailure` is called at once, and before this function returns when the values cannot be encoded.
 */
function send<Row extends object>(
  client: pg.PoolClient,
  { name, text, values = [] }: Statement,
  onFailure: (error: Error) => void = () => undefined,
): Promise<pg.QueryResult<Row>> {
  const session = sessionOf(client);
  const { preparing } = session;
  const { suffix } = preparing;
  const sent = prepared(session, name, text);
  return new Promise((resolve, reject) => {
    const query = new pg.Query(sent.text, [...values], (error: Error | undefined, result) => {
      if (error === undefined || error === null) return resolve(result as pg.QueryResult<Row>);
      if (session.kind === 'pooled' && isMissingStatement(error)) preparing.isPossible = false;
      else if (isStaleStatement(error)) prepareAnew(preparing, suffix);
      onFailure(error);
      reject(error);
    });
    client.query(Object.assign(query, { name: sent.name }));
  });
}

export interface TransactionOptions {
  /**
   * The statements before the first answer only read, so they may be sent together with BEGIN. If BEGIN fails, for
   * example because it is cancelled, they run outside of a transaction, where a write would be stored.
   */
  readonly readsFirst?: boolean;
}

/**
 * Runs `work` in one transaction. The connection is pipelined: BEGIN can be sent with the first statements and COMMIT
 * with the last ones, which saves two round trips. A database failure is thrown as TransactionError; any other error
 * rolls back and is thrown unchanged. `work` must have no other effects, because a stale statement makes it run twice.
 */
export async function withTransaction<T>(
  pool: Pool,
  step: string,
  work: (tx: Tx) => Promise<T>,
  { readsFirst = false }: TransactionOptions = {},
): Promise<T> {
  return retryingStaleStatement(async () => inTransaction(await borrow(pool, step), step, work, readsFirst));
}

/** Runs `work` in a transaction that is always rolled back. */
export async function withRolledBackTransaction<T>(pool: Pool, step: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  // withTransaction rolls back only on an error, so the result is kept in a variable and an error is thrown.
  const undo = new Error('rolled back on purpose');
  let result: { readonly value: T } | undefined;
  try {
    await withTransaction(pool, step, async (tx) => {
      result = { value: await work(tx) };
      // Waits for the statements that `work` sent with commitBehind, so that their failure is seen here.
      await tx.query({ text: 'SELECT' });
      throw undo;
    });
  } catch (error) {
    if (error !== undo || result === undefined) throw error;
  }
  return (result as { value: T }).value;
}

const AFTER_COMMIT = 'this statement came after COMMIT; await every statement before the work of the transaction ends';

async function inTransaction<T>(
  client: pg.PoolClient,
  step: string,
  work: (tx: Tx) => Promise<T>,
  readsFirst: boolean,
): Promise<T> {
  let lost: Error | undefined;
  const onLost = (error: Error) => {
    lost ??= error;
  };
  client.on('error', onLost);
  let committing = false;
  /**
   * The first error of BEGIN or a statement. Later statements only fail because the transaction is aborted. No more are
   * sent after it, because they would be carried out if BEGIN failed.
   */
  let failure: Error | undefined;
  const last: Promise<object[]>[] = [];
  const sendNow = <Row extends object>(statement: Statement): Promise<Row[]> =>
    send<Row>(client, statement, (error) => {
      if (!isAborted(error)) failure ??= error;
    }).then(({ rows }) => rows);
  /** Throws before COMMIT is sent on a lost connection, so that the outcome is known: nothing is stored. */
  const throwIfFailed = () => {
    const reason = failure ?? lost;
    if (reason !== undefined) throw reason;
  };
  const query: Tx['query'] = async (statement) => {
    if (committing) throw new Error(`${step}: ${AFTER_COMMIT}`);
    throwIfFailed();
    return sendNow(statement);
  };
  const commitBehind: Tx['commitBehind'] = <Row extends object>(statements: readonly Statement[]) => {
    throwIfFailed();
    const sent = statements.map((statement) => sendNow<Row>(statement));
    last.push(...sent);
    const rows = Promise.all(sent);
    rows.catch(() => undefined); // the transaction fails with the same error
    return { rows: () => rows };
  };
  const undone: Tx['undone'] = async (work) => {
    const lastBefore = last.length;
    throwIfFailed();
    sendNow({ text: 'SAVEPOINT undone' }).catch(() => undefined); // the next statement fails, too
    try {
      return await work();
    } catch (error) {
      throw isAborted(error) ? (failure ?? error) : error;
    } finally {
      last.length = lastBefore;
      // This answer follows those of all statements of `work`, so none of them can fail later.
      await sendNow({ text: 'ROLLBACK TO SAVEPOINT undone' });
      if (databaseError(failure) !== undefined) failure = undefined;
    }
  };
  try {
    const begun = sendNow({ text: sessionOf(client).begin });
    begun.catch(() => undefined); // the transaction fails with the same error
    if (!readsFirst) await begun;
    const result = await work({ query, commitBehind, undone } as Tx);
    await begun;
    throwIfFailed();
    committing = true;
    const [{ command }] = await Promise.all([client.query('COMMIT'), ...last]);
    // The server answers COMMIT of a failed transaction with ROLLBACK and without an error.
    if (command !== 'COMMIT') throw new TransactionError(step, new Error(`COMMIT answered ${command}`), false);
    return result;
  } catch (thrown) {
    await client.query('ROLLBACK').catch(onLost);
    const error = isAborted(thrown) ? (failure ?? thrown) : thrown;
    const kind = error === lost ? 'unavailable' : classify(error);
    // A lost connection is not returned to the pool, so the next attempt gets another one.
    if (kind === 'unavailable') onLost(error as Error);
    if (isStaleStatement(failure)) {
      onLost(failure as Error);
      throw new StaleStatement(step, failure);
    }
    if (kind === undefined || error instanceof TransactionError) throw error;
    // Answers come in sequence: if the server answered a statement with an error, COMMIT did not commit.
    const isRefused = databaseError(failure) !== undefined;
    if (kind === 'unavailable') throw new Disconnected(step, error, committing && !isRefused);
    throw new TransactionError(step, error, false);
  } finally {
    client.removeListener('error', onLost);
    client.release(lost);
  }
}
