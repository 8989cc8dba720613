import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, instant } from '@tallyline/contracts/fields';
import { amountOf } from '@tallyline/contracts/money';
import { z } from 'zod';
import { type CustomersByHour, createCustomersToday, type ReadCustomers } from './customers-today.js';
import { readShopDay, type ShopDay } from './shop-day.js';

const count = z.int().min(0);
const totals = z.object({ revenue: amount, orders: count, averageOrder: amount.nullable(), customers: count });
const hourOfDay = z.object({ revenue: amount, orders: count, newCustomers: count });

export const salesToday = z.object({
  timeZone: z.string(),
  asOf: instant,
  today: totals,
  yesterdayBySameTime: totals,
  hours: z.array(z.object({ hour: z.int().min(0).max(23), today: hourOfDay, yesterday: hourOfDay })).meta({
    description: 'By hour on the clock. newCustomers: customers whose first order of the day came in this hour',
  }),
  currentHour: z
    .object({ hour: z.int().min(0).max(23), yesterdayBySameTime: z.object({ revenue: amount, orders: count }) })
    .meta({ description: "The present hour, and yesterday's same hour up to the same minute" }),
});

export type SalesToday = z.infer<typeof salesToday>;
/** With `recount` customers are counted after the call, because an earlier count may lack a write that the call waited for. */
export type ReadSalesToday = (options?: { readonly recount: boolean }) => Promise<SalesToday>;

/** Compares today with yesterday. It reads a range of two days, so its cost does not grow with history. */
export function createSalesToday(db: Queryable, timeZone: string): ReadSalesToday {
  const readCustomers: ReadCustomers = createCustomersToday(db, timeZone);
  return async ({ recount } = { recount: false }) => {
    const day = await readShopDay(db, timeZone);
    const [sales, customers] = await Promise.all([readHours(db, timeZone, day), readCustomers(day, recount)]);
    return decideSalesToday(timeZone, day, sales, customers);
  };
}

export function salesTodayRoute(read: ReadSalesToday): Route {
  return route(
    'get',
    '/api/analytics/sales/today',
    {
      summary: 'Today, against the same time yesterday and hour by hour',
      description:
        "Days are those of the shop's time zone. `yesterdayBySameTime` ends exactly a day before the present minute began. " +
        'Averages are null when there are no orders.',
      answer: { status: 200, description: 'As far as the views know', schema: salesToday },
    },
    async ({ hasAwaited }) => ({ body: await read({ recount: hasAwaited }) }),
  );
}

export interface HourRow {
  readonly isToday: boolean;
  readonly hour: number;
  readonly orders: number;
  readonly revenueCents: number;
  readonly ordersBySameTime: number;
  readonly centsBySameTime: number;
}

/** Revenue arrives as NUMERIC in text form, because it may exceed a BIGINT of cents. */
interface StoredHour extends Omit<HourRow, 'revenueCents' | 'centsBySameTime'> {
  readonly revenueCents: string;
  readonly centsBySameTime: string;
}

async function readHours(db: Queryable, timeZone: string, day: ShopDay): Promise<HourRow[]> {
  const rows = await db.query<StoredHour>({
    name: 'hours-of-two-days',
    text: `
      SELECT minute_timestamp >= $3 AS "isToday",
             extract(hour FROM minute_timestamp AT TIME ZONE $1)::int AS hour,
             sum(total_orders)::bigint AS orders,
             sum(total_revenue) * 100 AS "revenueCents",
             COALESCE(sum(total_orders) FILTER (WHERE minute_timestamp < $5), 0)::bigint AS "ordersBySameTime",
             COALESCE(sum(total_revenue) FILTER (WHERE minute_timestamp < $5), 0) * 100 AS "centsBySameTime"
        FROM minute_sales_view
       WHERE minute_timestamp >= $2 AND minute_timestamp < $4
       GROUP BY 1, 2`,
    values: [timeZone, day.yesterday, day.today, day.tomorrow, day.sameTimeYesterday],
  });
  return rows.map((row) => ({
    ...row,
    revenueCents: Number(row.revenueCents),
    centsBySameTime: Number(row.centsBySameTime),
  }));
}

/** Turns the rows of two days into the numbers of the answer. */
export function decideSalesToday(
  timeZone: string,
  { now, hour: currentHour }: Pick<ShopDay, 'now' | 'hour'>,
  sales: readonly HourRow[],
  customers: CustomersByHour,
): SalesToday {
  const sum = (rows: readonly HourRow[], of: (row: HourRow) => number) => rows.reduce((all, row) => all + of(row), 0);
  const todays = sales.filter(({ isToday }) => isToday);
  const earlier = sales.filter(({ isToday }) => !isToday);
  const at = (rows: readonly HourRow[], known: readonly number[], hour: number) => {
    const row = rows.find((one) => one.hour === hour);
    return { revenue: amountOf(row?.revenueCents ?? 0), orders: row?.orders ?? 0, newCustomers: known[hour] ?? 0 };
  };
  return {
    timeZone,
    asOf: now.toISOString(),
    today: totalsOf(
      sum(todays, (r) => r.revenueCents),
      sum(todays, (r) => r.orders),
      customers.today,
    ),
    yesterdayBySameTime: totalsOf(
      sum(earlier, (r) => r.centsBySameTime),
      sum(earlier, (r) => r.ordersBySameTime),
      customers.yesterdayBySameTime,
    ),
    hours: Array.from({ length: 24 }, (_, hour) => ({
      hour,
      today: at(todays, customers.todayByHour, hour),
      yesterday: at(earlier, customers.yesterdayByHour, hour),
    })),
    currentHour: {
      hour: currentHour,
      yesterdayBySameTime: bySameTime(earlier.find(({ hour }) => hour === currentHour)),
    },
  };
}

function bySameTime(row: HourRow | undefined) {
  return { revenue: amountOf(row?.centsBySameTime ?? 0), orders: row?.ordersBySameTime ?? 0 };
}

function totalsOf(cents: number, orders: number, customers: number) {
  return {
    revenue: amountOf(cents),
    orders,
    averageOrder: orders === 0 ? null : amountOf(Math.round(cents / orders)),
    customers,
  };
}
