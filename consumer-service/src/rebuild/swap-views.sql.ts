import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { lowestUuidDaysAgoSql, timeOfUuidSql } from '@tallyline/chassis/process/uuid-v7';
import { HAS_TIME } from '../inbox/retention.sql.js';
import { SHADOW } from './shadow-tables.sql.js';

interface Columns {
  readonly keys: readonly string[];
  readonly others: readonly string[];
}

export interface ViewDifference {
  readonly table: string;
  readonly count: number;
  /** The first rows as JSON: null on the side that lacks the row. */
  readonly rows: readonly { readonly live: string | null; readonly rebuilt: string | null }[];
}

const SHOWN_ROWS = 10;

const TIME = timeOfUuidSql('event_id');
const SECOND = `date_trunc('second', ${TIME})`;

async function columnsOf(db: Queryable, table: string): Promise<Columns> {
  const columns = await db.query<{ name: string; isKey: boolean }>({
    text: `SELECT quote_ident(a.attname) AS name, a.attnum = ANY(i.indkey) AS "isKey"
             FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
            WHERE a.attrelid = ('public.' || $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    values: [table],
  });
  const named = (isKey: boolean) => columns.filter((column) => column.isKey === isKey).map(({ name }) => name);
  return { keys: named(true), others: named(false) };
}

const rowOf = (alias: string, { keys, others }: Columns) =>
  `ROW(${[...keys, ...others].map((column) => `${alias}.${column}`).join(', ')})`;

/** Compares a live view with its shadow table. */
export async function compareView(db: Queryable, table: string): Promise<ViewDifference> {
  const columns = await columnsOf(db, table);
  const [key] = columns.keys;
  const json = (alias: string) => `CASE WHEN ${alias}.${key} IS NOT NULL THEN to_jsonb(${alias})::text END`;
  const rows = await db.query<{ live: string | null; rebuilt: string | null; count: number }>({
    text: `SELECT ${json('live')} AS live, ${json('rebuilt')} AS rebuilt, count(*) OVER () AS count
             FROM public.${table} live FULL JOIN ${SHADOW}.${table} rebuilt USING (${columns.keys.join(', ')})
            WHERE ${rowOf('live', columns)} IS DISTINCT FROM ${rowOf('rebuilt', columns)} LIMIT ${SHOWN_ROWS}`,
  });
  return { table, count: rows[0]?.count ?? 0, rows: rows.map(({ live, rebuilt }) => ({ live, rebuilt })) };
}

/**
 * Gives the live view the rows of its shadow table by writing the rows that differ. The table itself stays, so queries do not
 * wait, and prepared statements stay valid.
 */
export async function swapView(tx: Tx, table: string): Promise<void> {
  const columns = await columnsOf(tx, table);
  const all = [...columns.keys, ...columns.others].join(', ');
  const keys = columns.keys.join(', ');
  const same = columns.keys.map((column) => `live.${column} = rebuilt.${column}`).join(' AND ');
  const update = columns.others.map((column) => `${column} = EXCLUDED.${column}`).join(', ');
  await tx.query({
    text: `DELETE FROM public.${table} live WHERE NOT EXISTS (SELECT FROM ${SHADOW}.${table} rebuilt WHERE ${same})`,
  });
  await tx.query({
    text: `INSERT INTO public.${table} (${all})
           SELECT ${[...columns.keys, ...columns.others].map((column) => `rebuilt.${column}`).join(', ')}
             FROM ${SHADOW}.${table} rebuilt LEFT JOIN public.${table} live ON ${same}
            WHERE ${rowOf('live', columns)} IS DISTINCT FROM ${rowOf('rebuilt', columns)}
           ON CONFLICT (${keys}) DO ${update === '' ? 'NOTHING' : `UPDATE SET ${update}`}`,
  });
}

/** `--accept` also accepts that the archive lacks history: sync-status stops reporting it. */
export async function acceptHistory(tx: Tx): Promise<void> {
  await tx.query({ text: 'UPDATE public.sync_state SET lacks_history = false WHERE lacks_history' });
}

/**
 * Adds the events that the swapped views include to the inbox and to the ledger. After a restore into a new database both are
 * empty, and events that the write side publishes again would be applied a second time. The inbox gets no event past
 * retention, because nobody publishes it again, unless the write side has reported its second and the ledger waits for it.
 *
 * The ledger's count of a second is computed from the events at hand, never added to: an old event may have been accounted
 * for before it left the inbox. The count never shrinks.
 */
export async function fillInbox(tx: Tx, inboxDays: number): Promise<void> {
  await tx.query({
    text: `
      WITH incomplete AS (
        SELECT second FROM public.event_ledger WHERE settled < committed
      ), added AS (
        INSERT INTO public.processed_events (event_id)
        SELECT event_id FROM ${SHADOW}.processed_events s
         WHERE NOT EXISTS (SELECT FROM public.processed_events p WHERE p.event_id = s.event_id)
           AND (NOT ${HAS_TIME} OR event_id >= ${lowestUuidDaysAgoSql('$1')} OR ${SECOND} IN (SELECT second FROM incomplete))
         ORDER BY event_id RETURNING event_id
      ), touched AS (
        SELECT ${SECOND} AS second FROM added UNION SELECT second FROM incomplete
      ), applied_dead_letters AS (
        DELETE FROM public.dead_letters d
         WHERE EXISTS (SELECT FROM ${SHADOW}.processed_events s WHERE s.event_id = d.event_id)
      ), applied_parked_events AS (
        DELETE FROM public.parked_events k
         WHERE EXISTS (SELECT FROM ${SHADOW}.processed_events s WHERE s.event_id = k.event_id)
      ), accounted_for AS (
        SELECT event_id FROM ${SHADOW}.processed_events s
         WHERE EXISTS (SELECT FROM public.event_archive a WHERE a.event_id = s.event_id AND a.counted)
        UNION
        SELECT event_id FROM public.dead_letters WHERE counted
        UNION
        SELECT event_id FROM public.parked_events WHERE counted
      )
      INSERT INTO public.event_ledger AS l (second, settled, last_settled_at, committed)
      SELECT ${SECOND}, count(*), max(${TIME}), 0 FROM accounted_for
       WHERE ${SECOND} IN (SELECT second FROM touched) GROUP BY 1 ORDER BY 1
      ON CONFLICT (second) DO UPDATE SET
        settled = GREATEST(l.settled, EXCLUDED.settled),
        last_settled_at = GREATEST(l.last_settled_at, EXCLUDED.last_settled_at)`,
    values: [inboxDays],
  });
}
