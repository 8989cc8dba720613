import type { Queryable } from './pool.js';

/** Reads the database's clock, from which all stored times come, in the milliseconds that a Date holds. */
export async function readClock(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>({
    name: 'read-clock',
    text: "SELECT date_trunc('milliseconds', clock_timestamp()) AS now",
  });
  if (row === undefined) throw new Error('the database returned no time');
  return row.now;
}
