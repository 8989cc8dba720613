import { expect, test } from '@jest/globals';
import { decideSalesToday, type HourRow } from './minute-sales.js';

const day = { now: new Date('2026-11-20T09:20:00Z'), hour: 9 };
const row = (isToday: boolean, hour: number, orders: number, revenueCents: number, bySameTime = 1): HourRow => ({
  isToday,
  hour,
  orders,
  revenueCents,
  ordersBySameTime: orders * bySameTime,
  centsBySameTime: revenueCents * bySameTime,
});
const none = Array.from({ length: 24 }, () => 0);
const customers = { today: 2, yesterdayBySameTime: 1, todayByHour: none.with(9, 2), yesterdayByHour: none.with(23, 5) };

test('adds up yesterday to the same time of day, but answers each of its hours in full', () => {
  const sales = [row(true, 8, 1, 1_000), row(true, 9, 2, 1_000), row(false, 8, 1, 500), row(false, 23, 9, 9_000, 0)];
  const decided = decideSalesToday('UTC', day, sales, customers);
  expect(decided.today).toEqual({ revenue: 20, orders: 3, averageOrder: 6.67, customers: 2 });
  expect(decided.yesterdayBySameTime).toEqual({ revenue: 5, orders: 1, averageOrder: 5, customers: 1 });
  expect(decided.hours).toHaveLength(24);
  expect(decided.hours[9]?.today).toEqual({ revenue: 10, orders: 2, newCustomers: 2 });
  expect(decided.hours[23]?.yesterday).toEqual({ revenue: 90, orders: 9, newCustomers: 5 });
  expect(decided.currentHour).toEqual({ hour: 9, yesterdayBySameTime: { revenue: 0, orders: 0 } });
});

test("compares the present hour with the same part of yesterday's hour", () => {
  const yesterday = { ...row(false, 9, 8, 4_000), ordersBySameTime: 3, centsBySameTime: 1_250 };
  const { currentHour, hours } = decideSalesToday('UTC', day, [row(true, 9, 1, 500), yesterday], customers);
  expect(currentHour).toEqual({ hour: 9, yesterdayBySameTime: { revenue: 12.5, orders: 3 } });
  expect(hours[9]?.yesterday).toMatchObject({ revenue: 40, orders: 8 });
});

test('answers no average for a day without orders', () => {
  expect(decideSalesToday('UTC', day, [], customers).today).toMatchObject({ orders: 0, averageOrder: null });
});
