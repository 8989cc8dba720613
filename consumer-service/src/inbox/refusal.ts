import { classify, isSchemaAtFault, TransactionError } from '@tallyline/chassis/postgres-errors';

/** False when it says nothing against the events: the database is away or busy, or its schema lacks something. */
export function isEventAtFault(error: unknown): boolean {
  const failure = classify(error);
  return failure !== 'unavailable' && failure !== 'contention' && !isSchemaAtFault(error);
}

/** Why an event was refused, as its dead letter says it. */
export function refusalOf(error: unknown): string {
  const cause = error instanceof TransactionError ? error.cause : error;
  return `unappliable: ${cause instanceof Error ? cause.message : String(cause)}`;
}
