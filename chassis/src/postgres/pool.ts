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
import { openSession, preparedName, type SessionSettings, sessionOf, sessionSettings } from './session.sql.js';

export type Pool = pg.Pool;

/** A named statement is prepared once per connection, which saves its planning on every later call. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Anything that runs a statement: a pool for single reads, a Tx for everything that belongs together. */
export interface Queryable {
  query<Row extends object>(statement: Statement): Promise<Row[]>;
}

declare const openTransaction: unique symbol;

/** Rows of each, once they are answered. */
export interface LastStatements<Row> {
  readonly rows: () => Promise<Row[][]>;
}

/** A transaction under way. Only withTransaction makes one, so a statement outside its transaction does not compile. */
export interface Tx extends Queryable {
  readonly [openTransaction]: true;
  /**
   * Sends the last statements now, so that COMMIT can follow right behind them instead of after their answers. If one fails,
   * all is undone. Statements, not promises of them: none can be late, or fail to be made behind COMMIT's back.
   */
  commitBehind<Row extends object>(statements: readonly Statement[]): LastStatements<Row>;
  /**
   * Runs `work` and undoes what it did (a savepoint), also when the server refused one of its statements: that error is
   * thrown, and the transaction goes on as if nothing had been.
   */
  undone<T>(work: () => Promise<T>): Promise<T>;
}

export interface PoolOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly maxConnections: number;
  /** Ends a statement on the server; the client gives up on the connection 2 s later (a server that does not answer). */
  readonly statementTimeoutMs: number;
  readonly log: Logger;
  /** Server settings beside those that every connection gets, such as a search_path. */
  readonly settings?: SessionSettings;
}

/** BIGINT arrives as text; ids and counts here are safe integers by schema, so they become numbers. NUMERIC stays text. */
const INT8 = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Parameters that the driver would take from the URL rather than from us. */
const OURS_TO_SAY = ['application_name', 'statement_timeout', 'idle_in_transaction_session_timeout', 'query_timeout'];

function withoutOurs(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  for (const name of OURS_TO_SAY) url.searchParams.delete(name);
  return url.href;
}

export function createPool(options: PoolOptions): Pool {
  const { url, applicationName, maxConnections, statementTimeoutMs, log } = options;
  const settings = sessionSettings(statementTimeoutMs, options.settings);
  const preparing = { isPossible: true };
  const pool = new pg.Pool({
    connectionString: withoutOurs(url),
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: 2_000,
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    // A plan lives as long as its connection, and with it whatever the tables looked like when it was made.
    maxLifetimeSeconds: 1_800,
    pipeline: true,
    types,
    onConnect: (client) => openSession(client, settings, preparing),
  });
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));
  // A transaction's first statements leave together with BEGIN, its last ones with COMMIT.
  pool.on('connect', (client) =>
    coalesceWrites((client as unknown as { connection: { stream: Socket } }).connection.stream),
  );
  return pool;
}

/**
 * Throws when the database is reached through a connection pooler.
 * For commands whose transactions last for minutes, or that rely on one server session.
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

/** One statement outside any transaction, or a transaction of one statement. */
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
    // A statement that the server refused says nothing against the connection.
    if (classify(error) !== 'refused') onLost(error as Error);
    throw isStaleStatement(error) ? new StaleStatement(step, error) : error;
  } finally {
    client.removeListener('error', onLost);
    client.release(lost);
  }
}

/**
 * Runs `attempt`, and once more when the server session lacks the prepared statement that it needs, or has it for a table
 * that was changed since: a migration ran, or a pooler went on in another session. Nothing was stored by then.
 */
async function retryingStaleStatement<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof StaleStatement)) throw error;
  }
  return attempt().catch((error) => {
    // No outer transaction is to be repeated for what failed in here.
    throw error instanceof StaleStatement ? error.asFinal() : error;
  });
}

function borrow(pool: Pool, step: string): Promise<pg.PoolClient> {
  return pool.connect().catch((error: unknown) => {
    throw new NotConnected(step, error);
  });
}

/**
 * A query made of its parts: given as an object it would be cloned by property descriptors, 5 % of the consumer's time.
 * `onFailure` is told at once, also of values that could not be sent: before this returns.
 */
function send<Row extends object>(
  client: pg.PoolClient,
  { name, text, values = [] }: Statement,
  onFailure: (error: Error) => void = () => undefined,
): Promise<pg.QueryResult<Row>> {
  const session = sessionOf(client);
  return new Promise((resolve, reject) => {
    const query = new pg.Query(text, [...values], (error: Error | undefined, result) => {
      if (error === undefined || error === null) return resolve(result as pg.QueryResult<Row>);
      if (session.kind === 'pooled' && isMissingStatement(error)) session.preparing.isPossible = false;
      onFailure(error);
      reject(error);
    });
    client.query(Object.assign(query, { name: preparedName(session, name, text) }));
  });
}

export interface TransactionOptions {
  /**
   * What is sent before the first answer changes nothing, so it may travel together with BEGIN. Where BEGIN alone fails, by
   * a cancel that hits it, what was sent behind it runs in no transaction, and what that wrote would stay.
   */
  readonly readsFirst?: boolean;
}

/**
 * Runs `work` in one transaction. The connection is pipelined: COMMIT can travel with the last statements, and BEGIN with
 * the first, which saves two round trips. A failure of the database is thrown as TransactionError; any other error rolls
 * back and passes unchanged. `work` runs a second time when a prepared statement was stale, so it must leave nothing behind
 * but what it returns.
 */
export async function withTransaction<T>(
  pool: Pool,
  step: string,
  work: (tx: Tx) => Promise<T>,
  { readsFirst = false }: TransactionOptions = {},
): Promise<T> {
  return retryingStaleStatement(async () => inTransaction(await borrow(pool, step), step, work, readsFirst));
}

/** The same, but nothing of it stays. */
export async function withRolledBackTransaction<T>(pool: Pool, step: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  // The one way out of withTransaction that never commits is an error, so the result leaves beside one.
  const undo = new Error('rolled back on purpose');
  let result: { readonly value: T } | undefined;
  try {
    await withTransaction(pool, step, async (tx) => {
      result = { value: await work(tx) };
      // Answered behind what `work` has sent with commitBehind: its failure is seen here.
      await tx.query({ text: 'SELECT' });
      throw undo;
    });
  } catch (error) {
    if (error !== undo || result === undefined) throw error;
  }
  return (result as { value: T }).value;
}

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
   * Of BEGIN or a statement: the first one is the cause. Those sent behind it are only told that the transaction is aborted,
   * and no more are sent: behind a BEGIN that failed they would be carried out.
   */
  let failure: Error | undefined;
  const last: Promise<object[]>[] = [];
  const sendNow = <Row extends object>(statement: Statement): Promise<Row[]> =>
    send<Row>(client, statement, (error) => {
      if (!isAborted(error)) failure ??= error;
    }).then(({ rows }) => rows);
  /** Nothing can be stored over a connection that is known to be lost, so nobody has to wonder about COMMIT. */
  const throwIfFailed = () => {
    const reason = failure ?? lost;
    if (reason !== undefined) throw reason;
  };
  const query: Tx['query'] = async (statement) => {
    if (committing) throw new Error(`${step}: COMMIT is on its way`);
    throwIfFailed();
    return sendNow(statement);
  };
  const commitBehind: Tx['commitBehind'] = <Row extends object>(statements: readonly Statement[]) => {
    throwIfFailed();
    const sent = statements.map((statement) => sendNow<Row>(statement));
    last.push(...sent);
    const rows = Promise.all(sent);
    rows.catch(() => undefined); // its failure is the failure of the transaction, too
    return { rows: () => rows };
  };
  const undone: Tx['undone'] = async (work) => {
    const lastBefore = last.length;
    throwIfFailed();
    sendNow({ text: 'SAVEPOINT undone' }).catch(() => undefined); // what follows fails, too
    try {
      return await work();
    } catch (error) {
      throw isAborted(error) ? (failure ?? error) : error;
    } finally {
      last.length = lastBefore;
      // Its answer comes behind those of all that `work` has sent: nothing of that fails later.
      await sendNow({ text: 'ROLLBACK TO SAVEPOINT undone' });
      if (databaseError(failure) !== undefined) failure = undefined;
    }
  };
  try {
    const begun = sendNow({ text: sessionOf(client).begin });
    begun.catch(() => undefined); // its failure is the failure of the transaction, too
    if (!readsFirst) await begun;
    const result = await work({ query, commitBehind, undone } as Tx);
    await begun;
    throwIfFailed();
    committing = true;
    const [{ command }] = await Promise.all([client.query('COMMIT'), ...last]);
    // The server answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw new TransactionError(step, new Error(`COMMIT answered ${command}`), false);
    return result;
  } catch (thrown) {
    await client.query('ROLLBACK').catch(onLost);
    const error = isAborted(thrown) ? (failure ?? thrown) : thrown;
    const kind = error === lost ? 'unavailable' : classify(error);
    // Whatever is wrong with this connection, the next attempt gets another one.
    if (kind === 'unavailable') onLost(error as Error);
    if (isStaleStatement(failure)) {
      onLost(failure as Error);
      throw new StaleStatement(step, failure);
    }
    if (kind === undefined || error instanceof TransactionError) throw error;
    // Answers come in order: where the server has answered a statement with an error, COMMIT did not commit.
    const isRefused = databaseError(failure) !== undefined;
    if (kind === 'unavailable') throw new Disconnected(step, error, committing && !isRefused);
    throw new TransactionError(step, error, false);
  } finally {
    client.removeListener('error', onLost);
    client.release(lost);
  }
}
