import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';

/**
 * Marks the events of some seconds as unpublished, so that the relay publishes them again; returns how many. It leaves out
 * events that were published in the last `graceSeconds`, because they may still be on their way.
 */
export async function unpublishSeconds(db: Queryable, seconds: readonly Date[], graceSeconds: number): Promise<number> {
  const rows = await db.query<{ count: number }>({
    name: 'unpublish-seconds',
    text: `WITH again AS (
             UPDATE outbox o SET published_at = NULL, retry_at = NULL
               FROM unnest($1::uuid[], $2::uuid[]) AS s (lowest, beyond)
              WHERE o.id >= s.lowest AND o.id < s.beyond AND o.published_at < now() - $3 * interval '1 second'
             RETURNING 1
           ) SELECT count(*) AS count FROM again`,
    values: [seconds.map(lowestUuidOf), seconds.map((second) => lowestUuidOf(addSecond(second))), graceSeconds],
  });
  return rows[0]?.count ?? 0;
}

/** Lets the next watermarks report again from `from` on. Null stands for the oldest event in the outbox. */
export async function reportAgainFrom(db: Queryable, from: Date | null): Promise<void> {
  await db.query({
    name: 'report-again-from',
    text: `UPDATE outbox_watermark SET reported_until = LEAST(reported_until, COALESCE(
             $1::timestamptz, (SELECT created_at FROM outbox ORDER BY id LIMIT 1), reported_until))`,
    values: [from],
  });
}

function addSecond(time: Date): Date {
  return new Date(time.getTime() + 1_000);
}
