import type { DailySales } from '../../src/queries/daily-sales.js';
import type { SalesToday } from '../../src/queries/minute-sales.js';
import { type BarChart, barChart } from './bar-chart.js';
import { element, setText } from './element.js';
import * as format from './format.js';
import { fillTable } from './table.js';

let hoursChart: BarChart | undefined;
let daysChart: BarChart | undefined;
let days: DailySales | undefined;
let today: SalesToday | undefined;

const dayForm = { weekday: 'short', day: 'numeric', month: 'short' } as const;

export function showHours(sales: SalesToday): void {
  today = sales;
  for (const zone of document.querySelectorAll('.zone')) setText(zone, `· ${sales.timeZone.replaceAll('_', ' ')} time`);
  const labels = sales.hours.map(({ hour }) => format.hour(hour));
  hoursChart ??= barChart(element('#hours'), [
    { label: 'Yesterday', color: '--before', width: 0.9 },
    { label: 'Today', color: '--accent', width: 0.5 },
  ]);
  hoursChart.show(labels, [sales.hours.map((h) => h.yesterday.revenue), sales.hours.map((h) => h.today.revenue)]);
  fillTable(
    element<HTMLTableElement>('#hours table'),
    ['Hour', 'Today', 'Orders', 'Yesterday', 'Orders'],
    sales.hours.map(({ hour, today, yesterday }) => ({
      key: hour,
      head: format.hour(hour),
      cells: [
        format.money(today.revenue),
        format.count(today.orders),
        format.money(yesterday.revenue),
        format.count(yesterday.orders),
      ],
    })),
    'Revenue by hour, today and yesterday',
  );
  showDays();
}

/** The last day's bar follows today's numbers, which come more often. */
export function showDays(sales: DailySales | undefined = days): void {
  days = sales;
  if (sales === undefined) return;
  const shown = sales.days.map((day, index) =>
    // For a while after midnight the days still end with yesterday.
    index === sales.days.length - 1 && today !== undefined && day.day === format.dayOf(today.asOf, today.timeZone)
      ? { ...day, ...pick(today.today) }
      : day,
  );
  daysChart ??= barChart(element('#days'), [{ label: 'Revenue', color: '--past', lastColor: '--accent', width: 0.8 }]);
  daysChart.show(
    shown.map(({ day }) => format.day(day, { day: 'numeric', month: 'short' })),
    [shown.map((d) => d.revenue)],
  );
  fillTable(
    element<HTMLTableElement>('#days table'),
    ['Day', 'Revenue', 'Orders'],
    shown
      .map(({ day, revenue, orders }) => ({
        key: day,
        head: format.day(day, dayForm),
        cells: [format.money(revenue), format.count(orders)],
      }))
      .reverse(),
    'Revenue by day, newest first',
  );
}

function pick({ revenue, orders }: SalesToday['today']) {
  return { revenue, orders };
}
