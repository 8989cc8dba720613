import { randomUUID } from 'node:crypto';
import { databaseError } from '@tallyline/chassis/postgres/errors';
import { type Pool, withRolledBackTransaction } from '@tallyline/chassis/postgres/pool';
import { eventExamples } from '@tallyline/contracts/event-examples';
import type { EventType } from '@tallyline/contracts/events';
import { findNewestArchived } from '../archive/archive.sql.js';
import { applyInTransaction } from './apply-batch.js';
import { type DecodedEvent, decode } from './decode.js';
import { isEventAtFault } from './refusal.js';

/** The tables, or our own code, refuse events that nothing is wrong with: setting them aside would be wrong. */
export class TableAtFault extends Error {
  override readonly name = 'TableAtFault';

  constructor(type: EventType, refusal: unknown) {
    const { table, column, constraint } = databaseError(refusal) ?? {};
    const where = [table && `table ${table}`, column && `column ${column}`, constraint && `constraint ${constraint}`];
    const reason = refusal instanceof Error ? refusal.message : String(refusal);
    super(
      `every ${type} is refused, also one that nothing is wrong with, so none is set aside and all wait ` +
        `(${[...where.filter(Boolean), reason].join(', ')})`,
      { cause: refusal },
    );
  }
}

/**
 * An event was refused, and it may be its own fault or that of the table: a constraint that was added by hand, a column
 * whose type was changed. Two events of its type that nothing is wrong with tell: an example, and the newest that was
 * applied before. They are applied under new ids in a transaction that is rolled back. Throws TableAtFault when one of
 * them is refused, too.
 */
export async function requireTableTakes(pool: Pool, type: EventType): Promise<void> {
  const bodies = [JSON.stringify(eventExamples[type]), ...(await newestArchived(pool, type))];
  for (const body of bodies) {
    try {
      await withRolledBackTransaction(pool, 'try a good event', (tx) =>
        applyInTransaction(tx, { events: [goodEvent(type, body)], poison: [], watermarks: [] }),
      );
    } catch (error) {
      if (isEventAtFault(error)) throw new TableAtFault(type, error);
      throw error;
    }
  }
}

async function newestArchived(pool: Pool, type: EventType): Promise<string[]> {
  return withRolledBackTransaction(pool, 'find a good event', (tx) => findNewestArchived(tx, type));
}

function goodEvent(type: EventType, body: string): DecodedEvent {
  const raw = { queue: '', messageId: randomUUID(), appId: undefined, traceparent: undefined };
  const decoded = decode({ ...raw, body: Buffer.from(body) });
  if (decoded.kind === 'poison') throw new Error(`the example of ${type} is none: ${decoded.reason}`);
  return decoded;
}
