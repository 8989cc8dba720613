import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { lowestUuidDaysAgoSql } from '@tallyline/chassis/process/uuid-v7';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';
import { HAS_TIME } from '../inbox/retention.sql.js';
import { SHADOW } from './shadow-tables.sql.js';

/** An event as the archive keeps it. */
export interface ArchivedEvent {
  readonly id: string;
  readonly queue: string;
  readonly appId: string | null;
  readonly body: string;
}

const COLUMNS = 'event_id AS id, queue, app_id AS "appId", body';
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export async function countArchived(db: Queryable): Promise<{ count: number; now: Date }> {
  const [row] = await db.query<{ count: number; now: Date }>({
    text: 'SELECT count(*) AS count, clock_timestamp() AS now FROM public.event_archive',
  });
  return row ?? { count: 0, now: new Date() };
}

/** Reads the months whose events were moved from this database to the data lake. A rebuild cannot read those events. */
export async function readMovedMonths(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ month: string }>({
    text: 'SELECT month FROM public.event_archive_moved ORDER BY month',
  });
  return rows.map(({ month }) => month);
}

/**
 * Reads the whole archive in batches, ordered by event id. It misses an event that commits with an id below the last one
 * read. `findNotFolded` finds such an event later.
 */
export async function* archivedEvents(db: Queryable, batchSize: number): AsyncGenerator<ArchivedEvent[]> {
  let after = FIRST_ID;
  for (;;) {
    const batch = await db.query<ArchivedEvent>({
      name: 'archived-events',
      text: `SELECT ${COLUMNS} FROM public.event_archive WHERE event_id > $1 ORDER BY event_id LIMIT $2`,
      values: [after, batchSize],
    });
    if (batch.length > 0) yield batch;
    const last = batch.at(-1);
    if (last === undefined || batch.length < batchSize) return;
    after = last.id;
  }
}

/** Returns at most `limit` ids of readable events that arrived since a time and are not in the shadow tables. */
export async function findNotFolded(
  db: Queryable,
  since: Date,
  unreadable: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `SELECT event_id AS id FROM public.event_archive a
            WHERE received_at >= $1 AND event_id <> ALL ($2::uuid[])
              AND NOT EXISTS (SELECT FROM ${SHADOW}.processed_events p WHERE p.event_id = a.event_id)
            LIMIT $3`,
    values: [since, unreadable, limit],
  });
  return rows.map(({ id }) => id);
}

export function readArchived(db: Queryable, since: Date, ids: readonly string[]): Promise<ArchivedEvent[]> {
  return db.query({
    text: `SELECT ${COLUMNS} FROM public.event_archive WHERE received_at >= $1 AND event_id = ANY ($2::uuid[])`,
    values: [since, ids],
  });
}

/** Counts the live views' events that the shadow tables do not include, because they are not in the archive or unreadable. */
export async function countUnarchived(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    text: `SELECT count(*) AS count FROM public.processed_events l
            WHERE NOT EXISTS (SELECT FROM ${SHADOW}.processed_events p WHERE p.event_id = l.event_id)`,
  });
  return row?.count ?? 0;
}

/**
 * How many archived events the live views do not include, because the archive was restored into a new database. Older events
 * are left out: the inbox may not have their ids any more, and an event that is in the archive is not applied again.
 */
export async function countNotApplied(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    text: `SELECT count(*) AS count FROM ${SHADOW}.processed_events s
            WHERE NOT EXISTS (SELECT FROM public.processed_events p WHERE p.event_id = s.event_id)
              AND (NOT ${HAS_TIME} OR event_id >= ${lowestUuidDaysAgoSql('$1')})`,
    values: [SAFE_REPLAY_DAYS],
  });
  return row?.count ?? 0;
}
