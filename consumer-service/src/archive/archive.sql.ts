import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { EventType } from '@tallyline/contracts/events';
import type { DecodedEvent } from '../inbox/decode.js';

/** Archives events as received. The inbox has let each event pass once, so there is no conflict to handle. */
export function insertArchived(events: readonly DecodedEvent[]): WriteStatement {
  return {
    name: 'insert-archived',
    sql: `INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, app_id, traceparent, body)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[],
                                $7::text[], $8::text[])`,
    values: [
      events.map(({ id }) => id),
      events.map(({ event }) => event.eventType),
      events.map(({ queue }) => queue),
      events.map(({ event }) => event.occurredAt),
      events.map(({ fromOutbox }) => fromOutbox),
      events.map(({ raw }) => raw.appId ?? null),
      events.map(({ raw }) => raw.traceparent ?? null),
      events.map(({ raw }) => raw.body.toString('utf8')),
    ],
  };
}

/** Returns the events among these that are in the archive, and so in the views. It costs an index read per event and month. */
export async function findArchived(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT event_id AS id FROM event_archive WHERE event_id = ANY($1::uuid[])',
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** findNewestArchived reads at most this many events, so that a rare type does not make it read the whole archive. */
const MAX_NEWEST_EVENTS = 1_000;

/** Returns the body of the newest archived event of a type, if there is one among the newest events. */
export async function findNewestArchived(db: Queryable, type: EventType): Promise<string[]> {
  const rows = await db.query<{ body: string }>({
    text: `SELECT body FROM (SELECT event_type, body FROM event_archive ORDER BY event_id DESC LIMIT ${MAX_NEWEST_EVENTS}) AS newest
            WHERE event_type = $1 LIMIT 1`,
    values: [type],
  });
  return rows.map(({ body }) => body);
}

/** Creates the partitions of this month and the next. The database's clock decides, because it also stamps the rows. */
export async function createArchiveMonths(db: Queryable): Promise<void> {
  await db.query({ name: 'create-archive-months', text: 'SELECT create_event_archive_months()' });
}
