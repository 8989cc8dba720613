import pg from 'pg';

/** What a failure of the database means for the one who asked: https://www.postgresql.org/docs/17/errcodes-appendix.html */
export type DatabaseFailure =
  /** The server is away or going away: nothing is wrong with the work, try again later. */
  | 'unavailable'
  /** A deadlock or serialization failure: try again now. */
  | 'contention'
  /** The server refused this very work, and will refuse it again. */
  | 'refused';

/** The step that failed, beside the database's own error as `cause`. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
  /** True when COMMIT was sent and its answer never came: the work is stored or not, and nobody here can know. */
  readonly outcomeUnknown: boolean;

  constructor(step: string, cause: unknown, outcomeUnknown: boolean) {
    super(`${step}: ${reasonOf(cause)}`, { cause });
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Its connection failed, of whatever: TLS and networks know more errors than any list, and none says anything of the work. */
export class Disconnected extends TransactionError {}

/** No connection could be had, so nothing was sent: the server is away, refuses the login, or all connections are taken. */
export class NotConnected extends Disconnected {
  constructor(step: string, cause: unknown) {
    super(`${step} (connect)`, cause, false);
  }
}

/** A prepared statement was not there, or not for the table as it is now: the same work may do on another connection. */
export class StaleStatement extends TransactionError {
  readonly #step: string;

  constructor(step: string, cause: unknown) {
    super(step, cause, false);
    this.#step = step;
  }

  /** The same failure, which nobody repeats any more. */
  asFinal(): TransactionError {
    return new TransactionError(this.#step, this.cause, false);
  }
}

/** Several addresses that refuse make an error whose message is empty. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || String((cause as Error & { code?: unknown }).code);
}

/** Serialization failure, deadlock, lock not available. */
const CONTENTION = new Set(['40001', '40P01', '55P03']);

const INVALID_STATEMENT_NAME = '26000';
const DUPLICATE_STATEMENT = '42P05';
const FEATURE_NOT_SUPPORTED = '0A000';

/** True when the session lacks a prepared statement, or has another one by its name: a pooler went on in another session. */
export function isMissingStatement(error: unknown): boolean {
  const code = databaseError(error)?.code;
  return code === INVALID_STATEMENT_NAME || code === DUPLICATE_STATEMENT;
}

/** True when the statement would do if it were prepared anew on another connection. */
export function isStaleStatement(error: unknown): boolean {
  const refusal = databaseError(error);
  // PostgreSQL has no code of its own for "cached plan must not change result type"; its message may be translated.
  return (
    isMissingStatement(error) ||
    (refusal?.code === FEATURE_NOT_SUPPORTED && refusal.routine === 'RevalidateCachedQuery')
  );
}

/**
 * Class 08 connection, 25 broken or read-only transaction, 26 a prepared statement that the server lacks, 28 login, 3D database, 53 resources, 57 operator intervention and timeouts, 58 system, XX internal.
 */
const UNAVAILABLE_CLASSES = new Set(['08', '25', '26', '28', '3D', '53', '57', '58', 'XX']);

/** The database error behind an error, if there is one: classifies by SQLSTATE, and by socket error code without one. */
export function classify(error: unknown): DatabaseFailure | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Disconnected) return 'unavailable';
    if (cause instanceof pg.DatabaseError && cause.code !== undefined) {
      if (CONTENTION.has(cause.code) || isStaleStatement(cause)) return 'contention';
      return UNAVAILABLE_CLASSES.has(cause.code.slice(0, 2)) ? 'unavailable' : 'refused';
    }
    if (isConnectionError(cause)) return 'unavailable';
  }
  return undefined;
}

/** The server's own error behind an error, if there is one: its code, constraint and table say which rule was broken. */
export function databaseError(error: unknown): pg.DatabaseError | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof pg.DatabaseError) return cause;
  }
  return undefined;
}

/** Class 22 a value that cannot be, 23 one that breaks a rule of the table. */
const VALUE_CLASSES = new Set(['22', '23']);

/** True when the server refused the values: with others the statement would have done. */
export function isValueAtFault(error: unknown): boolean {
  return classify(error) === 'refused' && VALUE_CLASSES.has(databaseError(error)?.code?.slice(0, 2) ?? '');
}

const IN_FAILED_SQL_TRANSACTION = '25P02';

/** True for what a statement is told because one before it in its transaction has failed. */
export function isAborted(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === IN_FAILED_SQL_TRANSACTION;
}

/** The server is ending this session, has crashed, or is starting. */
const RESTARTING = new Set(['57P01', '57P02', '57P03']);

/** True while a server is away or restarting. One restart brings several such errors, which all mean the same. */
export function isServerAway(error: unknown): boolean {
  const refusal = databaseError(error)?.code;
  if (refusal !== undefined) return RESTARTING.has(refusal);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Disconnected || isConnectionError(cause)) return true;
  }
  return false;
}

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg reports a lost or unreachable server as plain errors that only their text tells apart. */
const DRIVER_TEXT =
  /^Connection terminated|timeout exceeded when trying to connect|^Query read timeout|^Client has encountered a connection error|not queryable/;

function isConnectionError(error: Error): boolean {
  const { code } = error as Error & { code?: unknown };
  if (typeof code === 'string' && SOCKET_CODES.has(code)) return true;
  if (error instanceof AggregateError)
    return error.errors.some((inner) => inner instanceof Error && isConnectionError(inner));
  return DRIVER_TEXT.test(error.message);
}
