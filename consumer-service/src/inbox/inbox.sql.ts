import { databaseError } from '@tallyline/chassis/postgres/errors';
import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { DeadLetter } from './decode.js';

/**
 * Records events as applied and returns the ids that were new. ON CONFLICT DO NOTHING succeeds for a duplicate, too, so only
 * the returned rows say what is new. Ids are sorted, so that two consumers do not deadlock.
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
 * Records events as applied, or fails (see isKnownEvent) if one of them is in the inbox, is a dead letter or is parked. An
 * event of the last two kinds is inserted twice, which the key refuses as it refuses a duplicate.
 */
export function insertAllNew(eventIds: readonly string[]): WriteStatement {
  return {
    name: 'insert-all-new',
    sql: `INSERT INTO processed_events (event_id) -- fails when an event comes twice: its batch is then applied without it
           SELECT unnest($1::uuid[]) UNION ALL SELECT event_id FROM dead_letters WHERE event_id = ANY($1::uuid[])
           UNION ALL SELECT event_id FROM parked_events WHERE event_id = ANY($1::uuid[])`,
    values: [[...eventIds].sort()],
  };
}

/** True when insertAllNew failed because an event was applied, was a dead letter or was parked before. */
export function isKnownEvent(error: unknown): boolean {
  return databaseError(error)?.constraint === 'processed_events_pkey';
}

/**
 * Waits for transactions that apply events, and keeps new ones waiting until this one ends. One transaction may record an
 * event as a dead letter, or park it, while another applies it. Without the lock neither would see the other's row, and both
 * would account for the event.
 */
export async function lockInbox(tx: Tx): Promise<void> {
  await tx.query({ name: 'lock-inbox', text: 'LOCK TABLE processed_events IN SHARE ROW EXCLUSIVE MODE' });
}

/** Takes the lock on the inbox that a batch takes, so that a dry run takes it before its other locks. */
export async function lockInboxToApply(tx: Tx): Promise<void> {
  await tx.query({ text: 'LOCK TABLE processed_events IN ROW EXCLUSIVE MODE' });
}

/**
 * Records dead letters, unless their event has been applied. Returns the events of the outbox that are accounted for by this:
 * they were neither parked nor recorded before, or only as a copy that did not come from the outbox.
 */
export async function insertDeadLetters(tx: Tx, deadLetters: readonly DeadLetter[]): Promise<string[]> {
  const rows = await tx.query<{ id: string; fromOutbox: boolean }>({
    name: 'insert-dead-letters',
    text: `INSERT INTO dead_letters AS l (event_id, queue, reason, counted, first_seen_at)
           SELECT new.*, COALESCE(parked_at, now())
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) AS new (event_id)
             LEFT JOIN parked_events USING (event_id)
            WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.event_id = new.event_id)
           ON CONFLICT (event_id) DO UPDATE SET counted = true WHERE EXCLUDED.counted AND NOT l.counted
           RETURNING event_id AS id, counted AND NOT EXISTS (
                       SELECT FROM parked_events p WHERE p.event_id = l.event_id AND p.counted) AS "fromOutbox"`,
    values: [
      deadLetters.map(({ id }) => id),
      deadLetters.map(({ queue }) => queue),
      deadLetters.map(({ reason }) => reason),
      deadLetters.map(({ fromOutbox }) => fromOutbox),
    ],
  });
  return idsFromOutbox(rows);
}

/** Deletes the dead letters of events that are now applied. Returns those that the ledger has counted already. */
export async function deleteDeadLetters(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await tx.query<{ id: string; fromOutbox: boolean }>({
    name: 'delete-dead-letters',
    text: `DELETE FROM dead_letters WHERE event_id = ANY($1::uuid[])
           RETURNING event_id AS id, counted AS "fromOutbox"`,
    values: [eventIds],
  });
  return new Set(idsFromOutbox(rows));
}

function idsFromOutbox(rows: readonly { readonly id: string; readonly fromOutbox: boolean }[]): string[] {
  return rows.filter(({ fromOutbox }) => fromOutbox).map(({ id }) => id);
}
