import type { Queryable } from './pool.js';

/** The database's clock, which all times in it are told by; to the millisecond, as far as a Date goes. */
export async function readClock(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>({
    name: 'read-clock',
    text: "SELECT date_trunc('milliseconds', clock_timestamp()) AS now",
  });
  if (row === undefined) throw new Error('the database did not tell the time');
  return row.now;
}
