import type { Tx } from '@tallyline/chassis/postgres/pool';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import { MOST_WAITING } from '@tallyline/contracts/watermark';

/** Locks and reads the end of what was reported to the read side. Returns undefined while another process reports. */
export async function lockReportedUntil(tx: Tx): Promise<Date | undefined> {
  const [row] = await tx.query<{ reportedUntil: Date }>({
    name: 'lock-reported-until',
    text: 'SELECT reported_until AS "reportedUntil" FROM outbox_watermark FOR UPDATE SKIP LOCKED',
  });
  return row?.reportedUntil;
}

export interface CommittedSecond {
  readonly second: Date;
  readonly committed: number;
  readonly firstAt: Date;
}

/** Counts events per second, from `from` to before `until`. It only reads that range of the primary key. */
export function countCommitted(tx: Tx, from: Date, until: Date): Promise<CommittedSecond[]> {
  return tx.query({
    name: 'count-committed',
    text: `SELECT date_trunc('second', created_at) AS second, count(*) AS committed, min(created_at) AS "firstAt"
             FROM outbox WHERE id >= $1 AND id < $2 GROUP BY 1 ORDER BY 1`,
    values: [lowestUuidOf(from), lowestUuidOf(until)],
  });
}

/** Reads when the newest pruned event was committed. Call it after the counts, so that it covers all events that they lack. */
export async function readPrunedUntil(tx: Tx): Promise<Date | undefined> {
  const [row] = await tx.query<{ until: Date }>({ name: 'read-pruned-until', text: 'SELECT until FROM outbox_pruned' });
  return row?.until;
}

export async function isAnyCommittedBefore(tx: Tx, time: Date): Promise<boolean> {
  const rows = await tx.query({
    name: 'is-any-committed-before',
    // Without ORDER BY, the planner may read the whole table of a shop that opened a minute ago.
    text: 'SELECT 1 FROM outbox WHERE id < $1 ORDER BY id LIMIT 1',
    values: [lowestUuidOf(time)],
  });
  return rows.length > 0;
}

/** Reads the age of the oldest event that the broker has not confirmed yet. Returns undefined when there is none. */
export async function readOldestUnpublishedAgeSeconds(tx: Tx): Promise<number | undefined> {
  const [row] = await tx.query<{ ageSeconds: number }>({
    name: 'read-oldest-unpublished',
    text: `SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 AS "ageSeconds"
             FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1`,
  });
  return row?.ageSeconds;
}

/**
 * Counts up to MOST_WAITING unpublished events with the partial index. Sequential scans are off, because during a backlog the
 * planner believes that most rows are unpublished, and would read the whole table.
 */
export async function countUnpublished(tx: Tx): Promise<number> {
  const [, rows] = await Promise.all([
    tx.query({ text: 'SET LOCAL enable_seqscan = off' }),
    tx.query<{ count: number }>({
      name: 'count-unpublished',
      text: `SELECT count(*) AS count FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT ${MOST_WAITING}) AS waiting`,
    }),
    tx.query({ text: 'SET LOCAL enable_seqscan TO DEFAULT' }),
  ]);
  return rows[0]?.count ?? 0;
}

export async function setReportedUntil(tx: Tx, until: Date): Promise<void> {
  await tx.query({
    name: 'set-reported-until',
    text: 'UPDATE outbox_watermark SET reported_until = $1',
    values: [until],
  });
}
