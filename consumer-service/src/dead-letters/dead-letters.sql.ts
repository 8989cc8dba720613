import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { UUID } from '../inbox/decode.js';

export interface DeadLetterRow {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  /** True if the write side committed the event: sync-status is not `in-sync` until it is applied or discarded for good. */
  readonly fromOutbox: boolean;
  readonly firstSeenAt: Date;
}

/** Returns false while another command runs: the broker does not show a second command the messages that the first holds. */
export function takeCommandLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, 'dead-letters');
}

const columns = 'event_id AS id, queue, reason, counted AS "fromOutbox", first_seen_at AS "firstSeenAt"';

/** Returns the rows of these ids. An id that is not a UUID has no row. */
export async function readDeadLetters(
  db: Queryable,
  queues: readonly string[],
  ids: readonly string[],
): Promise<Map<string, DeadLetterRow>> {
  const rows = await db.query<DeadLetterRow>({
    text: `SELECT ${columns} FROM dead_letters WHERE queue = ANY($1) AND event_id = ANY($2::uuid[])`,
    values: [queues, ids.filter((id) => UUID.test(id))],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

const PAGE_SIZE = 5_000;

/**
 * Yields the dead letters from before `time` that are not discarded, in the order of their ids. It reads pages instead of a
 * cursor, because the reader of its output may take hours.
 */
export async function* recordedBefore(
  db: Queryable,
  queues: readonly string[],
  time: Date,
): AsyncGenerator<DeadLetterRow[]> {
  for (let last: string | undefined; ; ) {
    const rows = await db.query<DeadLetterRow>({
      text: `SELECT ${columns} FROM dead_letters
              WHERE queue = ANY($1) AND NOT forgotten AND first_seen_at < $2 AND ($3::uuid IS NULL OR event_id > $3)
              ORDER BY event_id LIMIT ${PAGE_SIZE}`,
      values: [queues, time, last],
    });
    yield rows;
    last = rows.at(-1)?.id;
    if (rows.length < PAGE_SIZE) return;
  }
}

/** Returns the ids of those events that are in the views already. */
export async function readApplied(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT event_id AS id FROM processed_events WHERE event_id = ANY($1::uuid[])',
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Discards the row of a dead letter. The row of an event that the write side committed is only marked as discarded, and only
 * if `forGood` is true: the row shows that the ledger has counted the event. Returns false when the dead letter stays recorded.
 */
export async function discardDeadLetter(db: Queryable, id: string, forGood: boolean): Promise<boolean> {
  const rows = await db.query({
    text: `WITH deleted AS (DELETE FROM dead_letters WHERE event_id = $1 AND NOT counted RETURNING event_id),
                discarded AS (
                  UPDATE dead_letters SET forgotten = true
                   WHERE event_id = $1 AND counted AND (forgotten OR $2) RETURNING event_id)
           SELECT event_id FROM deleted UNION ALL SELECT event_id FROM discarded`,
    values: [id, forGood],
  });
  return rows.length > 0;
}
