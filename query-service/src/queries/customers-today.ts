import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { ShopDay } from './shop-day.js';

/** Counts of distinct customers. Counts of hours cannot be added up, so the orders of two days are read from an index. */
export interface CustomersByHour {
  readonly today: number;
  readonly yesterdayBySameTime: number;
  /** Customers by the hour of their first order of the day. The index is the hour on the clock. */
  readonly todayByHour: readonly number[];
  readonly yesterdayByHour: readonly number[];
}

/** With `recount`, customers are counted after the call. Without it, the answer may be a recent count. */
export type ReadCustomers = (day: ShopDay, recount: boolean) => Promise<CustomersByHour>;

/** A count is used for this multiple of the time that it took, so that a very busy day does not cost a whole core. */
const PAUSE_FACTOR = 4;

interface Row {
  readonly isToday: boolean;
  readonly hour: number;
  readonly customers: number;
  readonly bySameTime: number;
}

export function createCustomersToday(db: Queryable, timeZone: string): ReadCustomers {
  let current: { readonly customers: Promise<CustomersByHour>; readonly today: number; until: number } | undefined;
  /** All calls with `recount` share the next count, so that one count at a time is under way. */
  let next: Promise<CustomersByHour> | undefined;
  const begin = (day: ShopDay) => {
    const startedAt = performance.now();
    const customers = count(db, timeZone, day);
    const started = { customers, today: day.today.getTime(), until: Number.POSITIVE_INFINITY };
    current = started;
    customers.then(
      () => {
        const now = performance.now();
        started.until = now + PAUSE_FACTOR * (now - startedAt);
      },
      () => {
        started.until = 0;
      },
    );
    return customers;
  };
  const beginNext = (day: ShopDay) => {
    const previous = current?.customers.catch(() => undefined);
    next ??= Promise.resolve(previous).then(() => {
      next = undefined;
      return begin(day);
    });
    return next;
  };
  return (day, recount) => {
    if (recount) return beginNext(day);
    if (current?.today !== day.today.getTime() || performance.now() >= current.until) return begin(day);
    return current.customers;
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
