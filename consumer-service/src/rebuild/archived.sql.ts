import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { SHADOW } from './shadow.sql.js';

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

/** Months that were moved from this database to the lake: their events cannot be read here. */
export async function readMovedMonths(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ month: string }>({
    text: 'SELECT month FROM public.event_archive_moved ORDER BY month',
  });
  return rows.map(({ month }) => month);
}

/** The whole archive by the ids of its events. What commits behind the place that we have reached is left for the rest. */
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

/** The ids of some of what arrived since a time and is not in the shadow yet, but for events that cannot be read. */
export async function findRest(
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

export function readRest(db: Queryable, since: Date, ids: readonly string[]): Promise<ArchivedEvent[]> {
  return db.query({
    text: `SELECT ${COLUMNS} FROM public.event_archive WHERE received_at >= $1 AND event_id = ANY ($2::uuid[])`,
    values: [since, ids],
  });
}

/** Events that the live views include and the archive in this database does not hold. */
export async function countUnarchived(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    text: `SELECT count(*) AS count FROM public.processed_events l
            WHERE NOT EXISTS (SELECT FROM ${SHADOW}.processed_events p WHERE p.event_id = l.event_id)`,
  });
  return row?.count ?? 0;
}
