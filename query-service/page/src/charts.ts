import type { DailySales } from '../../src/queries/daily-sales.js';
import type { SalesToday } from '../../src/queries/minute-sales.js';
import { type BarChart, barChart } from './bar-chart.js';
import { element } from './element.js';
import * as format from './format.js';
import { fillTable } from './table.js';

let hoursChart: BarChart | undefined;
let daysChart: BarChart | undefined;
let days: DailySales['days'] | undefined;
let today: SalesToday | undefined;

const dayForm = { weekday: 'short', day: 'numeric', month: 'short' } as const;

/**
 * Shows the hours of today and yesterday. In the present hour, yesterday's bar has the sales up to the same minute. The whole
 * hour is a pale bar behind it, as in the hours to come.
 */
export function showHours(sales: SalesToday): void {
  today = sales;
  const { hours, currentHour, asOf } = sales;
  const { hour: current, yesterdayBySameTime } = currentHour;
  hoursChart ??= barChart(element('#hours'), [
    { label: 'Yesterday, whole hour', fill: '--later', edge: '--before-edge', width: 0.9 },
    { label: 'Yesterday', fill: '--before', edge: '--before-edge', width: 0.9 },
    { label: 'Today', fill: '--accent', edge: '--accent', width: 0.5 },
  ]);
  hoursChart.show(
    hours.map(({ hour }) => format.hour(hour)),
    [
      hours.map(({ hour, yesterday }) => (hour >= current ? yesterday.revenue : null)),
      hours.map(({ hour, yesterday }) =>
        hour > current ? null : hour === current ? yesterdayBySameTime.revenue : yesterday.revenue,
      ),
      hours.map(({ hour, today }) => (hour > current ? null : today.revenue)),
    ],
  );
  fillTable(
    element<HTMLTableElement>('#hours table'),
    ['Hour', 'Revenue today', 'Orders today', 'Revenue yesterday', 'Orders yesterday'],
    hours.map(({ hour, today, yesterday }) => {
      const before = hour === current ? yesterdayBySameTime : yesterday;
      return {
        key: hour,
        head: hour === current ? `${format.hour(hour)} to ${format.clockMinutes(asOf)}` : format.hour(hour),
        cells: [
          hour > current ? '–' : format.money(today.revenue),
          hour > current ? '–' : format.count(today.orders),
          format.money(before.revenue),
          format.count(before.orders),
        ],
      };
    }),
    'Online revenue by hour, today and yesterday',
  );
  showDays();
}

/** Shows the last days. The present day comes from today's numbers, which arrive more often, also just after midnight. */
export function showDays(sales?: DailySales): void {
  days = sales?.days ?? days;
  if (days === undefined) return;
  const current = today && format.dayOf(today.asOf);
  const past = days.filter(({ day }) => day !== current);
  const shown =
    today === undefined || current === undefined
      ? days
      : [...past, { day: current, revenue: today.today.revenue, orders: today.today.orders }].slice(-days.length);
  daysChart ??= barChart(element('#days'), [
    { label: 'Revenue', fill: '--past', edge: '--past-edge', markedFill: '--accent', width: 0.8 },
  ]);
  const marked = shown.findIndex(({ day }) => day === current);
  daysChart.show(
    shown.map(({ day }) => format.day(day, { day: 'numeric', month: 'short' })),
    [shown.map((d) => d.revenue)],
    marked,
  );
  fillTable(
    element<HTMLTableElement>('#days table'),
    ['Day', 'Revenue', 'Orders'],
    shown
      .map(({ day, revenue, orders }) => ({
        key: day,
        head: format.day(day, dayForm) + (day === current ? ', so far' : ''),
        cells: [format.money(revenue), format.count(orders)],
      }))
      .reverse(),
    'Online revenue by day, newest first',
  );
}
