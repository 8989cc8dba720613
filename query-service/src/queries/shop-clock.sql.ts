import type { Queryable } from '@tallyline/chassis/postgres/pool';

/**
 * The time by the write database's clock, which stamps every event, in SQL. What is "today" or "this hour" must not depend
 * on the clock of this process or of the read database: with one that is slow, sales of the current hour would be missing
 * beside "in-sync". Wherever sync-status is in-sync this is right to 4 s, because its proof is the same difference.
 */
export const SHOP_NOW = "(now() - COALESCE((SELECT clock_offset FROM sync_state), interval '0'))";

export async function readShopNow(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>({ name: 'shop-now', text: `SELECT ${SHOP_NOW} AS now` });
  if (row === undefined) throw new Error('the database did not tell the time');
  return row.now;
}
