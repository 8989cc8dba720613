import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { EventType } from '@tallyline/contracts/events';
import type { DecodedEvent } from '../inbox/decode.js';

/** Keeps events as received. The inbox has let each through once, so there is no conflict to handle here. */
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
      events.map(({ counted }) => counted),
      events.map(({ raw }) => raw.appId ?? null),
      events.map(({ raw }) => raw.traceparent ?? null),
      events.map(({ raw }) => raw.body.toString('utf8')),
    ],
  };
}

/** Which of these events the archive has, and the views with it. One look per event and month. */
export async function findArchived(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT event_id AS id FROM event_archive WHERE event_id = ANY($1::uuid[])',
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** How far back `findNewestArchived` looks: a type that is rare must not make it read the whole archive. */
const NEWEST_LOOKED_AT = 1_000;

/** The body of the newest archived event of a type, or none. */
export async function findNewestArchived(db: Queryable, type: EventType): Promise<string[]> {
  const rows = await db.query<{ body: string }>({
    text: `SELECT body FROM (SELECT event_type, body FROM event_archive ORDER BY event_id DESC LIMIT ${NEWEST_LOOKED_AT}) AS newest
            WHERE event_type = $1 LIMIT 1`,
    values: [type],
  });
  return rows.map(({ body }) => body);
}

/** Makes the partitions of this month and the next, by the database's clock, which is the one that stamps the rows. */
export async function createArchiveMonths(db: Queryable): Promise<void> {
  await db.query({ name: 'create-archive-months', text: 'SELECT create_event_archive_months()' });
}
