import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { lowestUuidDaysAgoSql, timeOfUuidSql } from '@tallyline/chassis/process/uuid-v7';
import { HAS_TIME } from '../inbox/retention.sql.js';
import { SHADOW } from './shadow.sql.js';

interface Columns {
  readonly keys: readonly string[];
  readonly others: readonly string[];
}

export interface ViewDifference {
  readonly table: string;
  readonly count: number;
  /** The first rows, as JSON text of the database's making. */
  readonly rows: readonly { readonly live: string | null; readonly anew: string | null }[];
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

/** Rows that are not the same in the live view and the one built anew. */
export async function differenceOf(db: Queryable, table: string): Promise<ViewDifference> {
  const columns = await columnsOf(db, table);
  const [key] = columns.keys;
  const json = (alias: string) => `CASE WHEN ${alias}.${key} IS NOT NULL THEN to_jsonb(${alias})::text END`;
  const rows = await db.query<{ live: string | null; anew: string | null; count: number }>({
    text: `SELECT ${json('live')} AS live, ${json('anew')} AS anew, count(*) OVER () AS count
             FROM public.${table} live FULL JOIN ${SHADOW}.${table} anew USING (${columns.keys.join(', ')})
            WHERE ${rowOf('live', columns)} IS DISTINCT FROM ${rowOf('anew', columns)} LIMIT ${SHOWN_ROWS}`,
  });
  return { table, count: rows[0]?.count ?? 0, rows: rows.map(({ live, anew }) => ({ live, anew })) };
}

/**
 * Makes the live view's rows those of the one built anew, by writing the rows that differ: no table changes its identity,
 * so nobody who reads waits, and no prepared statement is lost.
 */
export async function takeOver(tx: Tx, table: string): Promise<void> {
  const columns = await columnsOf(tx, table);
  const all = [...columns.keys, ...columns.others].join(', ');
  const keys = columns.keys.join(', ');
  const same = columns.keys.map((column) => `live.${column} = anew.${column}`).join(' AND ');
  const update = columns.others.map((column) => `${column} = EXCLUDED.${column}`).join(', ');
  await tx.query({
    text: `DELETE FROM public.${table} live WHERE NOT EXISTS (SELECT FROM ${SHADOW}.${table} anew WHERE ${same})`,
  });
  await tx.query({
    text: `INSERT INTO public.${table} (${all})
           SELECT ${[...columns.keys, ...columns.others].map((column) => `anew.${column}`).join(', ')}
             FROM ${SHADOW}.${table} anew LEFT JOIN public.${table} live ON ${same}
            WHERE ${rowOf('live', columns)} IS DISTINCT FROM ${rowOf('anew', columns)}
           ON CONFLICT (${keys}) DO ${update === '' ? 'NOTHING' : `UPDATE SET ${update}`}`,
  });
}

/** Whoever accepts what the archive gives says with it that there is no more history to be had. */
export async function acceptHistory(tx: Tx): Promise<void> {
  await tx.query({ text: 'UPDATE public.sync_state SET lacks_history = false WHERE lacks_history' });
}

/**
 * Makes the inbox know what the views include now, and the ledger count it. After a restore into a new database it knows
 * nothing, and what the write side publishes again would be added a second time. Events that are older than the inbox
 * remembers are left out, for nobody publishes them again, unless the write side told of their second and waits for it.
 *
 * A second that was touched is counted anew from what is held, never added to: an old event may have been settled here
 * before the inbox forgot it. No less than before: what a second has settled is never taken back.
 */
export async function takeOverInbox(tx: Tx, days: number): Promise<void> {
  await tx.query({
    text: `
      WITH short AS (
        SELECT second FROM public.event_ledger WHERE settled < committed
      ), known AS (
        INSERT INTO public.processed_events (event_id)
        SELECT event_id FROM ${SHADOW}.processed_events s
         WHERE NOT EXISTS (SELECT FROM public.processed_events p WHERE p.event_id = s.event_id)
           AND (NOT ${HAS_TIME} OR event_id >= ${lowestUuidDaysAgoSql('$1')} OR ${SECOND} IN (SELECT second FROM short))
         ORDER BY event_id RETURNING event_id
      ), touched AS (
        SELECT ${SECOND} AS second FROM known UNION SELECT second FROM short
      ), no_letters AS (
        DELETE FROM public.dead_letters l
         WHERE EXISTS (SELECT FROM ${SHADOW}.processed_events s WHERE s.event_id = l.event_id)
      ), held AS (
        SELECT event_id FROM ${SHADOW}.processed_events s
         WHERE EXISTS (SELECT FROM public.event_archive a WHERE a.event_id = s.event_id AND a.counted)
        UNION
        SELECT event_id FROM public.dead_letters WHERE counted
      )
      INSERT INTO public.event_ledger AS l (second, settled, last_settled_at, committed)
      SELECT ${SECOND}, count(*), max(${TIME}), 0 FROM held
       WHERE ${SECOND} IN (SELECT second FROM touched) GROUP BY 1 ORDER BY 1
      ON CONFLICT (second) DO UPDATE SET
        settled = GREATEST(l.settled, EXCLUDED.settled),
        last_settled_at = GREATEST(l.last_settled_at, EXCLUDED.last_settled_at)`,
    values: [days],
  });
}
