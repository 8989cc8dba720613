import type { Queryable } from '@tallyline/chassis/postgres/pool';

/**
 * The present time by the write database's clock, as SQL. Events have times of that clock, so "today" and "this hour" must use
 * it, too: with a slow clock, sales of the present hour would be missing although the status is "in-sync". While the status is
 * "in-sync", this time is wrong by 4 s at most, because the status depends on the same offset.
 */
export const SHOP_NOW = "(now() - COALESCE((SELECT clock_offset FROM sync_state), interval '0'))";

export async function readShopNow(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>({ name: 'shop-now', text: `SELECT ${SHOP_NOW} AS now` });
  if (row === undefined) throw new Error('the database returned no time');
  return row.now;
}
