import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';

/**
 * Marks the events of some seconds as unpublished, so that the relay sends them again; returns how many. Those published
 * in the last `graceSeconds` may still be on their way, and are left.
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

/** Has the watermark reporter tell again what was committed since `from`; null: since the oldest event there is. */
export async function tellAgainFrom(db: Queryable, from: Date | null): Promise<void> {
  await db.query({
    name: 'tell-again-from',
    text: `UPDATE outbox_watermark SET reported_until = LEAST(reported_until, COALESCE(
             $1::timestamptz, (SELECT created_at FROM outbox ORDER BY id LIMIT 1), reported_until))`,
    values: [from],
  });
}

export interface ReplayRange {
  readonly from: Date;
  readonly to: Date;
  /** Only what was published before: what the relay sends again meanwhile is not taken a second time. */
  readonly publishedBefore: Date;
}

export async function countPublished(db: Queryable, { from, to, publishedBefore }: ReplayRange): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: 'SELECT count(*) AS count FROM outbox WHERE id >= $1 AND id < $2 AND published_at < $3',
    values: [lowestUuidOf(from), lowestUuidOf(to), publishedBefore],
  });
  return rows[0]?.count ?? 0;
}

/**
 * Marks the events of a range as unpublished, `batchSize` at a time in the order of their ids, and tells the size of each
 * batch. A batch begins where the last one ended: one that searched from the start would pass over all that is marked.
 */
export async function* unpublishRange(db: Queryable, range: ReplayRange, batchSize: number): AsyncGenerator<number> {
  let from = lowestUuidOf(range.from);
  for (;;) {
    const rows = await db.query<{ id: string }>({
      text: `WITH next AS (SELECT id FROM outbox WHERE id >= $1 AND id < $2 AND published_at < $3 ORDER BY id LIMIT $4),
                  again AS (UPDATE outbox SET published_at = NULL, retry_at = NULL WHERE id IN (SELECT id FROM next))
             SELECT id FROM next ORDER BY id`,
      values: [from, lowestUuidOf(range.to), range.publishedBefore, batchSize],
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.length;
    from = last.id;
  }
}

/** How many of these events `unpublishEvents` would mark. */
export async function countEvents(db: Queryable, ids: readonly string[], from: Date): Promise<number> {
  const rows = await db.query({
    text: 'SELECT 1 FROM outbox WHERE id = ANY($1::uuid[]) AND id >= $2',
    values: [ids, lowestUuidOf(from)],
  });
  return rows.length;
}

/** Marks events as unpublished by their ids; returns how many there are, committed since `from`. */
export async function unpublishEvents(db: Queryable, ids: readonly string[], from: Date): Promise<number> {
  const rows = await db.query({
    text: 'UPDATE outbox SET published_at = NULL, retry_at = NULL WHERE id = ANY($1::uuid[]) AND id >= $2 RETURNING 1',
    values: [ids, lowestUuidOf(from)],
  });
  return rows.length;
}

function addSecond(time: Date): Date {
  return new Date(time.getTime() + 1_000);
}
