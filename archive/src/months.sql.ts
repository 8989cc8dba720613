import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { batchesOf } from '@tallyline/chassis/postgres/cursor';
import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';
import { type ArchivedEvent, BATCH_SIZE, type Summary } from './archived-event.js';

/** A month of `event_archive`. No more events can arrive in a closed month. */
export interface TableMonth {
  readonly month: string;
  readonly closed: boolean;
}

/** Lists the months, oldest first. A month is closed an hour after its end, because open transactions may add to it. */
export function listMonths(db: Queryable): Promise<TableMonth[]> {
  return db.query({
    text: `
      SELECT month, ((month || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC' + interval '1 hour' < now() AS closed
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       CROSS JOIN LATERAL (SELECT replace(substring(relname FROM '^event_archive_(\\d{4}_\\d\\d)$'), '_', '-') AS month) AS named
       WHERE inhparent = 'event_archive'::regclass AND month IS NOT NULL
       ORDER BY month`,
  });
}

/** Keeps other archive commands and rebuilds from running until the transaction ends. */
export async function lockArchive(tx: Tx): Promise<void> {
  if (await tryLongLock(tx, ARCHIVE_LOCK)) return;
  throw new Error('a rebuild or another archive command is running on this database: try again when it has ended');
}

/** Reads the rows of a month by id in batches, because a month may not fit into memory. */
export function readMonth(tx: Tx, month: string): AsyncGenerator<ArchivedEvent[]> {
  return batchesOf(
    tx,
    'month_rows',
    `SELECT event_id AS "eventId", (extract(epoch FROM received_at) * 1000000)::bigint AS "receivedAtMicros",
            event_type AS "eventType", queue, (extract(epoch FROM occurred_at) * 1000000)::bigint AS "occurredAtMicros",
            counted AS "fromOutbox", app_id AS "appId", traceparent, body
       FROM ${tableOf(month)} ORDER BY event_id`,
    BATCH_SIZE,
  );
}

export async function countMonth(tx: Tx, month: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>({ text: `SELECT count(*) AS count FROM ${tableOf(month)}` });
  return row?.count ?? 0;
}

/** Prevents changes of the month while it is compared. The consumer writes to another month and is not blocked. */
export async function lockMonth(tx: Tx, month: string): Promise<void> {
  await tx.query({ text: `LOCK TABLE ${tableOf(month)} IN SHARE MODE` });
}

/**
 * Drops the table of a month and records that it was dropped. This needs a short lock on the whole archive. While a long
 * read is running, the command gives up after 2 s, because the consumer would wait behind its lock.
 */
export async function dropMonthTable(tx: Tx, month: string, { events, digest }: Summary): Promise<void> {
  await tx.query({
    text: `INSERT INTO event_archive_moved (month, events, foreign_events, digest)
           SELECT $1, $2, count(*) FILTER (WHERE NOT counted), $3 FROM ${tableOf(month)}`,
    values: [month, events, digest],
  });
  await tx.query({ text: "SET LOCAL lock_timeout = '2s'" });
  await tx.query({ text: `DROP TABLE ${tableOf(month)}` });
}

/** Lists the months that were dropped because the lake has them. */
export function listMoved(db: Queryable): Promise<(Summary & { readonly month: string })[]> {
  return db.query({ text: 'SELECT month, events, digest FROM event_archive_moved ORDER BY month' });
}

export async function createMonthTable(tx: Tx, month: string): Promise<void> {
  await tx.query({ text: `CREATE TABLE ${tableOf(month)} (LIKE event_archive INCLUDING ALL)` });
}

/** Returns those of `events` that the month lacks. */
export async function findMissing(tx: Tx, month: string, events: readonly ArchivedEvent[]): Promise<ArchivedEvent[]> {
  const rows = await tx.query<{ id: string }>({
    text: `SELECT event_id AS id FROM ${tableOf(month)} WHERE event_id = ANY($1::uuid[])`,
    values: [events.map((e) => e.eventId)],
  });
  const there = new Set(rows.map(({ id }) => id));
  return events.filter((e) => !there.has(e.eventId));
}

export async function insertRows(tx: Tx, month: string, events: readonly ArchivedEvent[]): Promise<void> {
  await tx.query({
    text: `
      INSERT INTO ${tableOf(month)} (event_id, received_at, event_type, queue, occurred_at, counted, app_id, traceparent, body)
      SELECT id, to_timestamp(0) + received * interval '1 microsecond', type, queue,
             to_timestamp(0) + occurred * interval '1 microsecond', counted, app, traceparent, body
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::text[], $8::text[],
                    $9::text[]) AS e (id, received, type, queue, occurred, counted, app, traceparent, body)`,
    values: [
      events.map((e) => e.eventId),
      events.map((e) => e.receivedAtMicros),
      events.map((e) => e.eventType),
      events.map((e) => e.queue),
      events.map((e) => e.occurredAtMicros),
      events.map((e) => e.fromOutbox),
      events.map((e) => e.appId),
      events.map((e) => e.traceparent),
      events.map((e) => e.body),
    ],
  });
}

/** Attaches the table of a month to the archive. */
export async function attachMonth(tx: Tx, month: string): Promise<void> {
  await tx.query({
    text: `ALTER TABLE event_archive ATTACH PARTITION ${tableOf(month)}
             FOR VALUES FROM ('${month}-01 00:00+00') TO ('${monthAfter(month)}-01 00:00+00')`,
  });
}

export async function removeFromMoved(tx: Tx, month: string): Promise<void> {
  await tx.query({ text: 'DELETE FROM event_archive_moved WHERE month = $1', values: [month] });
}

function tableOf(month: string): string {
  if (!/^\d{4}-\d\d$/.test(month)) throw new Error(`${month} is not a month such as 2026-10`);
  return `event_archive_${month.replace('-', '_')}`;
}

function monthAfter(month: string): string {
  const after = new Date(`${month}-01T00:00:00Z`);
  after.setUTCMonth(after.getUTCMonth() + 1);
  return after.toISOString().slice(0, 7);
}
