import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';

export interface ReplayRange {
  readonly from: Date;
  readonly to: Date;
  /** Events that were published later are left out, because the relay has already published them again. */
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
 * Marks the events of a range as unpublished, `batchSize` at a time in the order of their ids, and yields the size of each
 * batch. Each batch begins where the last one ended, so that its query need not skip all rows that are marked already.
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

/** Counts the events that `unpublishEvents` would mark. */
export async function countEvents(db: Queryable, ids: readonly string[], from: Date): Promise<number> {
  const rows = await db.query({
    text: 'SELECT 1 FROM outbox WHERE id = ANY($1::uuid[]) AND id >= $2',
    values: [ids, lowestUuidOf(from)],
  });
  return rows.length;
}

/** Marks the events with these ids as unpublished, if they were committed since `from`; returns how many. */
export async function unpublishEvents(db: Queryable, ids: readonly string[], from: Date): Promise<number> {
  const rows = await db.query({
    text: 'UPDATE outbox SET published_at = NULL, retry_at = NULL WHERE id = ANY($1::uuid[]) AND id >= $2 RETURNING 1',
    values: [ids, lowestUuidOf(from)],
  });
  return rows.length;
}
