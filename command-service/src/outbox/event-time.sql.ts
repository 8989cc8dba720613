import type { Tx } from '@tallyline/chassis/postgres/pool';

declare const eventTime: unique symbol;

/**
 * A time of the database's clock, in whole milliseconds, that events of this transaction may be stamped with. Only
 * `readEventTime` and the statements that use EVENT_TIME make one, so an event without its lock does not compile.
 */
export type EventTime = Date & { readonly [eventTime]: true };

/** The advisory lock that every transaction holds while it may commit events (two-key form, as pg_locks shows it). */
const LOCK_CLASS = 0x7a11;
const LOCK_KEY = 1;

/**
 * SQL: takes the lock of the event writers, shared and until the transaction ends, and then reads the clock. In this order:
 * a watermark counts a second as final when everybody who held the lock after its end has let go of it, and that is only
 * true if nobody stamps an event before taking the lock. MATERIALIZED and the FROM make PostgreSQL keep the order.
 */
export const EVENT_TIME = `(
  WITH writer AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(${LOCK_CLASS}, ${LOCK_KEY}))
  SELECT date_trunc('milliseconds', clock_timestamp()) FROM writer)`;

export async function readEventTime(tx: Tx): Promise<EventTime> {
  const [row] = await tx.query<{ now: EventTime }>({ name: 'read-event-time', text: `SELECT ${EVENT_TIME} AS now` });
  if (row === undefined) throw new Error('the database did not tell the time');
  return row.now;
}

/** The transactions that may still commit events, each by a name that no other one has while the server runs. */
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
