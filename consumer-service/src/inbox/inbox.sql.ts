import { databaseError } from '@tallyline/chassis/postgres/errors';
import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { Poison } from './decode.js';

/**
 * Records events as processed and returns the ids that were new. The returned rows are what counts, not the statement's
 * success: ON CONFLICT DO NOTHING succeeds for a duplicate, too. Sorted ids keep two consumers out of a deadlock.
 */
export async function insertNewEvents(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>({
    name: 'insert-new-events',
    text: `INSERT INTO processed_events (event_id) SELECT unnest($1::uuid[])
           ON CONFLICT DO NOTHING RETURNING event_id AS id`,
    values: [[...eventIds].sort()],
  });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Records events as processed if none of them was before and none was set aside, or fails (isKnownEvent): an event with a
 * dead letter is inserted twice here, which its key refuses as it does a duplicate.
 */
export function insertAllNew(eventIds: readonly string[]): WriteStatement {
  return {
    name: 'insert-all-new',
    sql: `INSERT INTO processed_events (event_id) -- refused when an event comes twice: the new ones follow
           SELECT unnest($1::uuid[]) UNION ALL SELECT event_id FROM dead_letters WHERE event_id = ANY($1::uuid[])`,
    values: [[...eventIds].sort()],
  };
}

/**
 * Waits for those who apply events, and holds others off until the end of the transaction. Whoever sets an event aside looks
 * whether it was applied, and the other way round, and neither sees what the other has not committed: both would settle it.
 */
export async function lockInbox(tx: Tx): Promise<void> {
  await tx.query({ name: 'lock-inbox', text: 'LOCK TABLE processed_events IN SHARE ROW EXCLUSIVE MODE' });
}

/** Takes the table's lock that a batch takes, before any other. */
export async function announceApplying(tx: Tx): Promise<void> {
  await tx.query({ text: 'LOCK TABLE processed_events IN ROW EXCLUSIVE MODE' });
}

/** True when insertAllNew failed because an event had been processed or set aside before. */
export function isKnownEvent(error: unknown): boolean {
  return databaseError(error)?.constraint === 'processed_events_pkey';
}

/**
 * Records messages as set aside, unless the views have their event already, and returns the events of the outbox
 * that this settles: they were not set aside before, or as a copy that did not say where it comes from.
 */
export async function insertDeadLetters(tx: Tx, letters: readonly Poison[]): Promise<string[]> {
  const rows = await tx.query<{ id: string; counted: boolean }>({
    name: 'insert-dead-letters',
    text: `INSERT INTO dead_letters AS l (event_id, queue, reason, counted)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) AS new (event_id)
            WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.event_id = new.event_id)
           ON CONFLICT (event_id) DO UPDATE SET counted = true WHERE EXCLUDED.counted AND NOT l.counted
           RETURNING event_id AS id, counted`,
    values: [
      letters.map((letter) => letter.id),
      letters.map((letter) => letter.queue),
      letters.map((letter) => letter.reason),
      letters.map((letter) => letter.counted),
    ],
  });
  return countedOf(rows);
}

/** How many of the events were set aside before. Nearly always none, and then nothing has to wait for an answer. */
export async function findDeadLetters(tx: Tx, eventIds: readonly string[]): Promise<number> {
  if (eventIds.length === 0) return 0;
  const rows = await tx.query({
    name: 'find-dead-letters',
    text: 'SELECT 1 FROM dead_letters WHERE event_id = ANY($1::uuid[])',
    values: [eventIds],
  });
  return rows.length;
}

/** Forgets that events were set aside, because the views have them; returns those that were counted as settled then. */
export async function deleteDeadLetters(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string; counted: boolean }>({
    name: 'delete-dead-letters',
    text: 'DELETE FROM dead_letters WHERE event_id = ANY($1::uuid[]) RETURNING event_id AS id, counted',
    values: [eventIds],
  });
  return new Set(countedOf(rows));
}

function countedOf(rows: readonly { readonly id: string; readonly counted: boolean }[]): string[] {
  return rows.filter(({ counted }) => counted).map(({ id }) => id);
}
