import type { Socket } from 'node:net';
import pg from 'pg';
import { coalesceWrites } from './coalesce-writes.js';
import type { Logger } from './logger.js';
import { classify, isAborted, NotConnected, TransactionError } from './postgres-errors.js';

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

/** A transaction under way. Only withTransaction makes one, so a statement outside its transaction does not compile. */
export interface Tx extends Queryable {
  readonly [openTransaction]: true;
  /** Sends COMMIT right behind these statements instead of after their answers; if one fails, the transaction fails. */
  commitBehind(statements: Iterable<Promise<unknown>>): void;
}

export interface PoolOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly maxConnections: number;
  /** Ends a statement on the server; the client gives up on the connection 2 s later (a server that does not answer). */
  readonly statementTimeoutMs: number;
  readonly log: Logger;
}

/** BIGINT and NUMERIC arrive as strings; ids and counts of this suite are safe integers by schema, so they become numbers. */
const INT8 = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** What the driver would take from the URL rather than from us: watermarks find writers by name, and statements end in time. */
const OURS_TO_SAY = ['application_name', 'statement_timeout', 'idle_in_transaction_session_timeout', 'query_timeout'];

function withoutOurs(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  for (const name of OURS_TO_SAY) url.searchParams.delete(name);
  return url.href;
}

export function createPool({ url, applicationName, maxConnections, statementTimeoutMs, log }: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: withoutOurs(url),
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: 2_000,
    statement_timeout: statementTimeoutMs,
    // A frozen process must not hold claimed rows for ever: the server ends its transaction, and others take them.
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    // A plan lives as long as its connection, and with it whatever the tables looked like when it was made.
    maxLifetimeSeconds: 1_800,
    pipeline: true,
    types,
  });
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));
  // A transaction's first statements leave together with BEGIN, its last ones with COMMIT.
  pool.on('connect', (client) =>
    coalesceWrites((client as unknown as { connection: { stream: Socket } }).connection.stream),
  );
  return pool;
}

/** One statement outside any transaction, or a transaction of one statement. */
export function onPool(pool: Pool): Queryable {
  return {
    query: async <Row extends object>(statement: Statement) => {
      const client = await borrow(pool, statement.name ?? 'query');
      let lost: Error | undefined;
      const onLost = (error: Error) => {
        lost ??= error;
      };
      client.on('error', onLost);
      try {
        return (await send<Row>(client, statement)).rows;
      } catch (error) {
        // A statement that the server refused says nothing against the connection.
        if (classify(error) !== 'refused') onLost(error as Error);
        throw error;
      } finally {
        client.removeListener('error', onLost);
        client.release(lost);
      }
    },
  };
}

function borrow(pool: Pool, step: string): Promise<pg.PoolClient> {
  return pool.connect().catch((error: unknown) => {
    throw new NotConnected(step, error);
  });
}

/** A query made of its parts: given as an object it would be cloned by property descriptors, 5 % of the consumer's time. */
function send<Row extends object>(
  client: pg.PoolClient,
  { name, text, values = [] }: Statement,
): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    const query = new pg.Query(text, [...values], (error: Error | undefined, result) =>
      error ? reject(error) : resolve(result as pg.QueryResult<Row>),
    );
    client.query(Object.assign(query, { name }));
  });
}

/**
 * A statement that fails before it is sent (a value that has no text) has failed after some ticks of the microtask queue, one for
 * each function around it; then COMMIT must not be sent, for the server knows of no failure. Awaiting a turn of the event
 * loop would send COMMIT in a packet of its own.
 */
const TICKS_TO_FAIL = 10;

/**
 * Runs `work` in one transaction. BEGIN travels with the first statement (the connection is pipelined) and COMMIT can
 * with the last ones, which saves two round trips. A failure of the database is thrown as TransactionError; any other error rolls back and passes unchanged.
 */
export async function withTransaction<T>(pool: Pool, step: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await borrow(pool, step);
  let lost: Error | undefined;
  const onLost = (error: Error) => {
    lost ??= error;
  };
  client.on('error', onLost);
  let committing = false;
  let cause: unknown;
  // The first failure is the cause; the statements sent behind it are only told that the transaction is aborted, and
  // which of their promises is seen first is luck.
  const query = <Row extends object>(statement: Statement): Promise<Row[]> =>
    send<Row>(client, statement).then(
      ({ rows }) => rows,
      (error: unknown) => {
        if (!isAborted(error)) cause ??= error;
        throw error;
      },
    );
  const last: Promise<unknown>[] = [];
  let lastFailure: unknown;
  const commitBehind = (statements: Iterable<Promise<unknown>>) => {
    for (const statement of statements) {
      last.push(
        statement.catch((error: unknown) => {
          lastFailure ??= error;
        }),
      );
    }
  };
  try {
    const begun = client.query('BEGIN');
    begun.catch(() => undefined); // its failure is the failure of the next statement, too
    const result = await work({ query, commitBehind } as Tx);
    await begun;
    for (let tick = 0; tick < TICKS_TO_FAIL; tick += 1) await undefined;
    if (lastFailure !== undefined) throw lastFailure;
    committing = true;
    const [{ command }] = await Promise.all([client.query('COMMIT'), ...last]);
    if (lastFailure !== undefined) throw lastFailure;
    // The server answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw new TransactionError(step, new Error(`COMMIT answered ${command}`), false);
    return result;
  } catch (thrown) {
    await client.query('ROLLBACK').catch(onLost);
    await Promise.all(last);
    const noticed = lastFailure ?? thrown;
    const error = isAborted(noticed) ? (cause ?? noticed) : noticed;
    const failure = classify(error);
    if (failure === undefined || error instanceof TransactionError) throw error;
    throw new TransactionError(step, error, committing && failure === 'unavailable');
  } finally {
    client.removeListener('error', onLost);
    client.release(lost);
  }
}
