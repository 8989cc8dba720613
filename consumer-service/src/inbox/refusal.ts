import { classify, isValueAtFault, TransactionError } from '@tallyline/chassis/postgres/errors';
import { isMissingMonth } from '../archive/archive-months.js';

/**
 * True when the database refused the values of an event, or our own code did: then it may be the event's fault, and
 * `requireTableTakes` finds out. Whatever else a database says, it says of itself: a good event that waits is seen by its lag,
 * one among the dead letters may not be.
 */
export function isEventAtFault(error: unknown): boolean {
  return classify(error) === undefined || (isValueAtFault(error) && !isMissingMonth(error));
}

/** Why an event was refused, as its dead letter says it. */
export function refusalOf(error: unknown): string {
  const cause = error instanceof TransactionError ? error.cause : error;
  return `unappliable: ${cause instanceof Error ? cause.message : String(cause)}`;
}
