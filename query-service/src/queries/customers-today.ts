import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { ShopDay } from './shop-day.js';

/** Distinct customers do not add up, so they are counted: from the index over the orders of two days. */
export interface CustomersByHour {
  readonly today: number;
  readonly yesterdayBySameTime: number;
  /** By the hour of their first order of the day; index = hour on the clock. */
  readonly todayByHour: readonly number[];
  readonly yesterdayByHour: readonly number[];
}

/** `anew`: counted from now on, not before. */
export type ReadCustomers = (day: ShopDay, anew: boolean) => Promise<CustomersByHour>;

/** Counting again waits for four times as long as the last count took: a very busy day costs a fifth of a core, not all of it. */
const PAUSE_FACTOR = 4;

interface Row {
  readonly isToday: boolean;
  readonly hour: number;
  readonly customers: number;
  readonly bySameTime: number;
}

export function createCustomersToday(db: Queryable, timeZone: string): ReadCustomers {
  let known: { readonly counted: Promise<CustomersByHour>; readonly today: number; until: number } | undefined;
  /** Those who need a count of their own share the next one: as many as may ask, one at a time is under way. */
  let next: Promise<CustomersByHour> | undefined;
  const begin = (day: ShopDay) => {
    const startedAt = performance.now();
    const begun = { counted: count(db, timeZone, day), today: day.today.getTime(), until: Number.POSITIVE_INFINITY };
    known = begun;
    begun.counted.then(
      () => {
        const now = performance.now();
        begun.until = now + PAUSE_FACTOR * (now - startedAt);
      },
      () => {
        begun.until = 0;
      },
    );
    return begun.counted;
  };
  const beginNext = (day: ShopDay) => {
    const last = known?.counted.catch(() => undefined);
    next ??= Promise.resolve(last).then(() => {
      next = undefined;
      return begin(day);
    });
    return next;
  };
  return (day, anew) => {
    if (anew) return beginNext(day);
    if (known === undefined || known.today !== day.today.getTime() || performance.now() >= known.until)
      return begin(day);
    return known.counted;
  };
}

async function count(db: Queryable, timeZone: string, day: ShopDay): Promise<CustomersByHour> {
  const rows = await db.query<Row>({
    name: 'customers-of-two-days',
    text: `
      SELECT is_today AS "isToday", extract(hour FROM first_at AT TIME ZONE $1)::int AS hour, count(*) AS customers,
             count(*) FILTER (WHERE first_at < $5) AS "bySameTime"
        FROM (SELECT customer_id, placed_at >= $3 AS is_today, min(placed_at) AS first_at
                FROM orders_read WHERE placed_at >= $2 AND placed_at < $4 GROUP BY 1, 2) AS firsts
       GROUP BY 1, 2`,
    values: [timeZone, day.yesterday, day.today, day.tomorrow, day.sameTimeYesterday],
  });
  const byHour = (isToday: boolean) =>
    Array.from({ length: 24 }, (_, hour) => rows.find((r) => r.isToday === isToday && r.hour === hour)?.customers ?? 0);
  const todayByHour = byHour(true);
  return {
    today: todayByHour.reduce((all, customers) => all + customers, 0),
    yesterdayBySameTime: rows.filter((r) => !r.isToday).reduce((all, r) => all + r.bySameTime, 0),
    todayByHour,
    yesterdayByHour: byHour(false),
  };
}
