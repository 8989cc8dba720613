import { randomUUID } from 'node:crypto';
import { classify, databaseError, isValueAtFault, TransactionError } from '@tallyline/chassis/postgres/errors';
import { type Pool, withRolledBackTransaction } from '@tallyline/chassis/postgres/pool';
import { eventExamples } from '@tallyline/contracts/event-examples';
import type { EventType } from '@tallyline/contracts/events';
import { findNewestArchived } from '../archive/archive.sql.js';
import { isMissingMonth } from '../archive/archive-months.js';
import { applyInTransaction } from './apply-batch.js';
import { type DecodedEvent, decode } from './decode.js';

/**
 * True when the database refused the values of an event, or our own code did. It may then be the event's fault, and
 * requireTablesAccept finds out. Any other error is about the database itself, and the event must wait: the lag shows an
 * event that waits, but a valid event among the dead letters may stay unnoticed.
 */
export function isEventAtFault(error: unknown): boolean {
  return classify(error) === undefined || (isValueAtFault(error) && !isMissingMonth(error));
}

/** Returns the reason of a refusal, as it is recorded with the dead letter. */
export function refusalOf(error: unknown): string {
  const cause = error instanceof TransactionError ? error.cause : error;
  return `unappliable: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/** Thrown when the tables or our own code refuse valid events, which then wait and do not become dead letters. */
export class TableAtFault extends Error {
  override readonly name = 'TableAtFault';

  constructor(type: EventType, refusal: unknown) {
    const { table, column, constraint } = databaseError(refusal) ?? {};
    const where = [table && `table ${table}`, column && `column ${column}`, constraint && `constraint ${constraint}`];
    const reason = refusal instanceof Error ? refusal.message : String(refusal);
    super(
      `every ${type} is refused, even a valid one, so none becomes a dead letter and all wait ` +
        `(${[...where.filter(Boolean), reason].join(', ')})`,
      { cause: refusal },
    );
  }
}

/**
 * Finds out whether a refusal is the fault of the event or of the tables (a constraint that was added by hand, a column whose
 * type was changed). It applies two valid events of the type under new ids, in a transaction that is rolled back: an example,
 * and the newest event in the archive. Throws TableAtFault when one of them is refused, too.
 */
export async function requireTablesAccept(pool: Pool, type: EventType): Promise<void> {
  const newest = await withRolledBackTransaction(pool, 'find a valid event', (tx) => findNewestArchived(tx, type));
  for (const body of [JSON.stringify(eventExamples[type]), ...newest]) {
    try {
      await withRolledBackTransaction(pool, 'try a valid event', (tx) =>
        applyInTransaction(tx, { events: [validEvent(type, body)], deadLetters: [], watermarks: [] }),
      );
    } catch (error) {
      if (isEventAtFault(error)) throw new TableAtFault(type, error);
      throw error;
    }
  }
}

function validEvent(type: EventType, body: string): DecodedEvent {
  const raw = { queue: '', messageId: randomUUID(), appId: undefined, traceparent: undefined };
  const decoded = decode({ ...raw, body: Buffer.from(body) });
  if (decoded.kind !== 'event') throw new Error(`the example of ${type} is not a valid event: ${decoded.reason}`);
  return decoded;
}
