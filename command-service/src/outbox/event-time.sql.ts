import type { Tx } from '@tallyline/chassis/postgres/pool';

declare const eventTime: unique symbol;

/**
 * A time of the database's clock in whole milliseconds, for the events of this transaction. Only statements with EVENT_TIME
 * return one, so code that stamps an event without holding the writers' lock does not compile.
 */
export type EventTime = Date & { readonly [eventTime]: true };

/** The advisory lock that every transaction holds while it may commit events (two-key form, as pg_locks shows it). */
const LOCK_CLASS = 0x7a11;
const LOCK_KEY = 1;

/**
 * SQL that takes the writers' lock (shared, until the transaction ends) and then reads the clock. The order matters: the
 * commit horizon is found by looking at who holds the lock, so nobody may stamp an event before taking it. MATERIALIZED and
 * the FROM make PostgreSQL keep the order.
 */
export const EVENT_TIME = `(
  WITH writer AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(${LOCK_CLASS}, ${LOCK_KEY}))
  SELECT date_trunc('milliseconds', clock_timestamp()) FROM writer)`;

export async function readEventTime(tx: Tx): Promise<EventTime> {
  const [row] = await tx.query<{ now: EventTime }>({ name: 'read-event-time', text: `SELECT ${EVENT_TIME} AS now` });
  if (row === undefined) throw new Error('the database returned no time');
  return row.now;
}

/** The transactions that may still commit events. Each has a name that is unique while the server runs. */
export async function findEventWriters(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ writer: string }>({
    name: 'find-event-writers',
    text: `SELECT virtualtransaction || ' ' || COALESCE(pid, 0) AS writer
             FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ${LOCK_CLASS} AND objid = ${LOCK_KEY}
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  });
  return rows.map(({ writer }) => writer);
}
