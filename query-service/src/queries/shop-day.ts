import type { Queryable } from '@tallyline/chassis/postgres';

/** Today and yesterday in the shop's time zone, as instants. Days of 23 and 25 hours come out right: the database knows them. */
export interface ShopDay {
  readonly now: Date;
  readonly yesterday: Date;
  readonly today: Date;
  readonly tomorrow: Date;
  /** The same time on the clock, a day ago. */
  readonly sameTimeYesterday: Date;
}

export async function readShopDay(db: Queryable, timeZone: string): Promise<ShopDay> {
  const [row] = await db.query<ShopDay>({
    name: 'shop-day',
    text: `
      SELECT now() AS now,
             (day - interval '1 day') AT TIME ZONE $1 AS yesterday,
             day AT TIME ZONE $1 AS today,
             (day + interval '1 day') AT TIME ZONE $1 AS tomorrow,
             (now() AT TIME ZONE $1 - interval '1 day') AT TIME ZONE $1 AS "sameTimeYesterday"
        FROM date_trunc('day', now() AT TIME ZONE $1) AS day`,
    values: [timeZone],
  });
  if (row === undefined) throw new Error('the database did not tell the time');
  return row;
}
