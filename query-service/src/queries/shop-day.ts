import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { SHOP_NOW } from './shop-clock.sql.js';

/** Today and yesterday in the shop's time zone, as instants. The database knows which days have 23 or 25 hours. */
export interface ShopDay {
  readonly now: Date;
  readonly yesterday: Date;
  readonly today: Date;
  readonly tomorrow: Date;
  /** The beginning of the same minute on the clock a day ago. Sales are stored by the minute, so it cannot be more exact. */
  readonly sameTimeYesterday: Date;
  /** The present hour on the clock, 0 to 23. */
  readonly hour: number;
}

/**
 * The instant at which a day begins in the time zone $1, which is the earlier of two candidates. AT TIME ZONE alone returns the
 * second midnight when clocks are set back across it (Azores). The second after 23:59:59 is an hour late when clocks are set
 * forward from 23:00 (Nuuk).
 */
export const startOfDay = (day: string) =>
  `LEAST((${day}) AT TIME ZONE $1, (${day} - interval '1 second') AT TIME ZONE $1 + interval '1 second')`;

export async function readShopDay(db: Queryable, timeZone: string): Promise<ShopDay> {
  const [row] = await db.query<ShopDay>({
    name: 'shop-day',
    text: `
      SELECT now,
             ${startOfDay("day - interval '1 day'")} AS yesterday,
             ${startOfDay('day')} AS today,
             ${startOfDay("day + interval '1 day'")} AS tomorrow,
             date_trunc('minute', now AT TIME ZONE $1 - interval '1 day') AT TIME ZONE $1 AS "sameTimeYesterday",
             extract(hour FROM now AT TIME ZONE $1)::int AS hour
        FROM (SELECT ${SHOP_NOW}) AS clock (now)
       CROSS JOIN LATERAL date_trunc('day', now AT TIME ZONE $1) AS day`,
    values: [timeZone],
  });
  if (row === undefined) throw new Error('the database returned no time');
  return row;
}
