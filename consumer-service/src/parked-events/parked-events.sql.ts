import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { UUID } from '../inbox/decode.js';
import type { ParkedEvent, ParkedMessageRow, ParkedRow } from './parked-event.js';

interface Counted {
  readonly id: string;
  readonly fromOutbox: boolean;
}

/**
 * Waits for transactions that delete parked events, and keeps new ones waiting, so that whoever parks an event sees one that is
 * discarded. A transaction takes this lock before it deletes parked events itself: two that hold the weaker lock of a deletion
 * could not both get this one.
 */
export async function lockParked(tx: Tx): Promise<void> {
  await tx.query({ name: 'lock-parked', text: 'LOCK TABLE parked_events IN SHARE ROW EXCLUSIVE MODE' });
}

/**
 * Parks events, unless they are applied, parked already, or discarded for good. Returns those that this has parked or, if a
 * copy that the ledger did not count was parked before, those that are counted from now on. An event that was counted as a dead
 * letter stays counted, even if this copy is not. The caller holds the locks on the inbox and on this table.
 */
export async function insertParked(tx: Tx, events: readonly ParkedEvent[]): Promise<Counted[]> {
  return tx.query<Counted>({
    name: 'insert-parked',
    text: `INSERT INTO parked_events AS l (event_id, event_type, version, queue, reason, counted, source, body, properties)
           SELECT event_id, event_type, version, queue, reason,
                  counted OR EXISTS (SELECT FROM dead_letters d WHERE d.event_id = new.event_id AND d.counted),
                  source, body, properties
             FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::boolean[], $7::uuid[], $8::bytea[],
                         $9::json[]) AS new (event_id, event_type, version, queue, reason, counted, source, body, properties)
            WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.event_id = new.event_id)
              AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = new.event_id AND d.forgotten)
           ON CONFLICT (event_id) DO UPDATE SET counted = true WHERE EXCLUDED.counted AND NOT l.counted
           RETURNING event_id AS id, counted AS "fromOutbox"`,
    values: [
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ version }) => version),
      events.map(({ queue }) => queue),
      events.map(({ reason }) => reason),
      events.map(({ fromOutbox }) => fromOutbox),
      events.map(({ source }) => source ?? null),
      events.map(({ body }) => body),
      events.map(({ properties }) => properties),
    ],
  });
}

/** Deletes the rows of events that are now applied. Returns those that the ledger has counted already. */
export async function deleteParked(tx: Tx, eventIds: readonly string[]): Promise<string[]> {
  if (eventIds.length === 0) return [];
  const rows = await tx.query<Counted>({
    name: 'delete-parked',
    text: `DELETE FROM parked_events WHERE event_id = ANY($1::uuid[])
           RETURNING event_id AS id, counted AS "fromOutbox"`,
    values: [eventIds],
  });
  return rows.flatMap(({ id, fromOutbox }) => (fromOutbox ? id : []));
}

/**
 * Deletes the dead letters of events that are parked now. Returns those that the ledger has counted already. Events that were
 * parked before are included: their message came once more, maybe from a redrive, which takes it from the dead-letter queue.
 */
export async function deleteDeadLettersOfParked(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<Counted>({
    name: 'delete-dead-letters-of-parked',
    text: `DELETE FROM dead_letters d
            WHERE event_id = ANY($1::uuid[]) AND NOT forgotten
              AND EXISTS (SELECT FROM parked_events p WHERE p.event_id = d.event_id)
           RETURNING event_id AS id, counted AS "fromOutbox"`,
    values: [eventIds],
  });
  return new Set(rows.flatMap(({ id, fromOutbox }) => (fromOutbox ? id : [])));
}

/**
 * Deletes the rows of parked events whose own messages have become dead letters, once their dead-letter queues have them. A row
 * stays if its dead letter is gone, because the event came once more and was parked again. A counted event stays counted.
 */
export async function deleteParkedDeadLetters(db: Queryable, eventIds: readonly string[]): Promise<void> {
  await db.query({
    name: 'delete-parked-dead-letters',
    text: `WITH gone AS (
             DELETE FROM parked_events p
              WHERE event_id = ANY($1::uuid[]) AND EXISTS (SELECT FROM dead_letters d WHERE d.event_id = p.event_id)
             RETURNING event_id, counted
           )
           UPDATE dead_letters d SET counted = true FROM gone
            WHERE d.event_id = gone.event_id AND gone.counted AND NOT d.counted`,
    values: [eventIds],
  });
}

const COLUMNS = `p.event_id AS id, p.event_type AS type, p.version, p.queue, p.reason, p.counted AS "fromOutbox",
                 p.parked_at AS "parkedAt"`;
const PAGE_SIZE = 200;
/** A page of messages has at most this many bytes and one message. */
const MAX_PAGE_BYTES = 1024 * 1024;
const BYTES = 'octet_length(body) + octet_length(properties::text)';
/** Drops the end of a page that has too many bytes. */
const withinBytes = (order: string) => `
  SELECT event_id FROM (SELECT event_id, sum(bytes) OVER (ORDER BY ${order}) - bytes AS before FROM page) AS sized
   WHERE before < ${MAX_PAGE_BYTES}`;

/** A place in the sequence in which the parked events of one type are read. */
export interface Place {
  readonly version: number;
  readonly id: string;
}

/**
 * Reads the next parked events of a type up to a version, in pages with bounded memory. Events that another consumer is
 * applying at this moment are left out.
 */
export function readKnown(db: Queryable, type: string, newest: number, after: Place): Promise<ParkedMessageRow[]> {
  return db.query({
    name: 'read-known-parked',
    text: `WITH page AS (
             SELECT event_id, version, ${BYTES} AS bytes FROM parked_events
              WHERE event_type = $1 AND version <= $2 AND (version, event_id) > ($3::bigint, $4::uuid)
              ORDER BY version, event_id LIMIT ${PAGE_SIZE} FOR UPDATE SKIP LOCKED
           )
           SELECT ${COLUMNS}, p.body, p.properties FROM parked_events p
            WHERE p.event_id IN (${withinBytes('version, event_id')}) ORDER BY p.version, p.event_id`,
    values: [type, newest, after.version, after.id],
  });
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const SELECTED = 'queue = ANY($1) AND ($2::uuid[] IS NULL OR event_id = ANY($2)) AND event_id > $3::uuid';

/** Yields the parked events of these queues, of all ids or of these, in pages with bounded memory. */
export async function* parkedMessages(
  db: Queryable,
  queues: readonly string[],
  ids: ReadonlySet<string> | undefined,
): AsyncGenerator<ParkedMessageRow[]> {
  for (let after = FIRST_ID; ; ) {
    const rows = await db.query<ParkedMessageRow>({
      text: `WITH page AS (
               SELECT event_id, ${BYTES} AS bytes FROM parked_events WHERE ${SELECTED} ORDER BY event_id LIMIT ${PAGE_SIZE}
             )
             SELECT ${COLUMNS}, p.body, p.properties FROM parked_events p
              WHERE p.event_id IN (${withinBytes('event_id')}) ORDER BY p.event_id`,
      values: [queues, uuidsOf(ids), after],
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.id;
  }
}

/** Yields the parked events of these queues without their messages. */
export async function* parkedRows(db: Queryable, queues: readonly string[]): AsyncGenerator<ParkedRow[]> {
  for (let after = FIRST_ID; ; ) {
    const rows = await db.query<ParkedRow>({
      text: `SELECT ${COLUMNS} FROM parked_events p WHERE ${SELECTED} ORDER BY event_id LIMIT ${PAGE_SIZE}`,
      values: [queues, null, after],
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.id;
  }
}

function uuidsOf(ids: ReadonlySet<string> | undefined): string[] | null {
  return ids === undefined ? null : [...ids].filter((id) => UUID.test(id));
}

/**
 * Makes dead letters without a message of these parked events, so that the ledger still has a record of each. A parked event
 * that the ledger does not count is deleted. Returns the ids.
 */
export async function discardParked(
  db: Queryable,
  queues: readonly string[],
  ids: ReadonlySet<string>,
): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `WITH gone AS (
             DELETE FROM parked_events WHERE queue = ANY($1) AND event_id = ANY($2::uuid[]) RETURNING *
           ), recorded AS (
             INSERT INTO dead_letters (event_id, queue, reason, counted, first_seen_at)
             SELECT event_id, queue, reason, counted, parked_at FROM gone WHERE counted
             ON CONFLICT (event_id) DO UPDATE SET counted = true
           )
           SELECT event_id AS id FROM gone ORDER BY event_id`,
    values: [queues, uuidsOf(ids)],
  });
  return rows.map(({ id }) => id);
}
