import pg from 'pg';

/** The meaning of a database failure for the caller. Codes: https://www.postgresql.org/docs/17/errcodes-appendix.html */
export type DatabaseFailure =
  /** The server is away or shutting down. The work is not at fault; try again later. */
  | 'unavailable'
  /** A deadlock or serialization failure: try again now. */
  | 'contention'
  /** The server refused this work and will refuse it again. */
  | 'refused';

/** Names the step that failed. The database's own error is the `cause`. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
  /** True when COMMIT was sent and its answer never came: the work may or may not be stored. */
  readonly outcomeUnknown: boolean;

  constructor(step: string, cause: unknown, outcomeUnknown: boolean) {
    super(`${step}: ${reasonOf(cause)}`, { cause });
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** The connection failed. A class of its own, because no list of codes covers all TLS and network errors. */
export class Disconnected extends TransactionError {}

/** No connection was available, so nothing was sent: the server is away, refuses the login, or the pool is exhausted. */
export class NotConnected extends Disconnected {
  constructor(step: string, cause: unknown) {
    super(`${step} (connect)`, cause, false);
  }
}

/** A prepared statement is missing or outdated. The same work may succeed on another connection. */
export class StaleStatement extends TransactionError {
  readonly #step: string;

  constructor(step: string, cause: unknown) {
    super(step, cause, false);
    this.#step = step;
  }

  /** The same failure as an error that is not retried. */
  asFinal(): TransactionError {
    return new TransactionError(this.#step, this.cause, false);
  }
}

/** When several addresses refuse a connection, the error has a code but an empty message. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || String((cause as Error & { code?: unknown }).code);
}

/** Serialization failure, deadlock, lock not available. */
const CONTENTION = new Set(['40001', '40P01', '55P03']);

const INVALID_STATEMENT_NAME = '26000';
const DUPLICATE_STATEMENT = '42P05';
const FEATURE_NOT_SUPPORTED = '0A000';

/** True when the session lacks the prepared statement or has another one of that name: a pooler switched sessions. */
export function isMissingStatement(error: unknown): boolean {
  const code = databaseError(error)?.code;
  return code === INVALID_STATEMENT_NAME || code === DUPLICATE_STATEMENT;
}

/** True when the statement would succeed if it were prepared again on another connection. */
export function isStaleStatement(error: unknown): boolean {
  const refusal = databaseError(error);
  // PostgreSQL has no code of its own for "cached plan must not change result type"; its message may be translated.
  return (
    isMissingStatement(error) ||
    (refusal?.code === FEATURE_NOT_SUPPORTED && refusal.routine === 'RevalidateCachedQuery')
  );
}

/**
 * Classes 08 connection, 25 broken or read-only transaction, 26 missing prepared statement, 28 login, 3D database,
 * 53 resources, 57 operator intervention and timeouts, 58 system, XX internal.
 */
const UNAVAILABLE_CLASSES = new Set(['08', '25', '26', '28', '3D', '53', '57', '58', 'XX']);

/** Classifies an error or its causes by SQLSTATE, or by the socket's error code; undefined for any other error. */
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

/** Finds the server's own error among the causes. Its code, constraint and table name the broken rule. */
export function databaseError(error: unknown): pg.DatabaseError | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof pg.DatabaseError) return cause;
  }
  return undefined;
}

/** Class 22 is an invalid value, class 23 a violated constraint. */
const VALUE_CLASSES = new Set(['22', '23']);

/** True when the server refused the values; with others the statement would have succeeded. */
export function isValueAtFault(error: unknown): boolean {
  return classify(error) === 'refused' && VALUE_CLASSES.has(databaseError(error)?.code?.slice(0, 2) ?? '');
}

const IN_FAILED_SQL_TRANSACTION = '25P02';

/** True for the error of a statement that follows a failed one in its transaction. */
export function isAborted(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === IN_FAILED_SQL_TRANSACTION;
}

/** The server ends this session, has crashed, or is starting. */
const RESTARTING = new Set(['57P01', '57P02', '57P03']);

/** True while a server is away or restarting. One restart causes several different errors of this kind. */
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

/** pg reports a lost or unreachable server with plain errors that differ only in their text. */
const DRIVER_TEXT =
  /^Connection terminated|timeout exceeded when trying to connect|^Query read timeout|^Client has encountered a connection error|not queryable/;

function isConnectionError(error: Error): boolean {
  const { code } = error as Error & { code?: unknown };
  if (typeof code === 'string' && SOCKET_CODES.has(code)) return true;
  if (error instanceof AggregateError)
    return error.errors.some((inner) => inner instanceof Error && isConnectionError(inner));
  return DRIVER_TEXT.test(error.message);
}
