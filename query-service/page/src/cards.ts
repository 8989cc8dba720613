import type { SalesToday } from '../../src/queries/minute-sales.js';
import { element, make, setText } from './element.js';
import * as format from './format.js';
import { drawSparkline } from './sparkline.js';

type Hour = SalesToday['hours'][number]['today'];
type Totals = SalesToday['today'];

interface Card {
  readonly id: string;
  readonly of: (totals: Totals) => number | null;
  readonly show: (value: number) => string;
  /** Its course over the hours of a day. */
  readonly course: (hours: readonly Hour[]) => number[];
}

const cards: readonly Card[] = [
  { id: 'revenue', of: (t) => t.revenue, show: format.headline, course: (hours) => hours.map((h) => h.revenue) },
  { id: 'orders', of: (t) => t.orders, show: format.count, course: (hours) => hours.map((h) => h.orders) },
  {
    id: 'average',
    of: (t) => t.averageOrder,
    show: format.headline,
    course: (hours) => hours.map((h) => (h.orders === 0 ? 0 : h.revenue / h.orders)),
  },
  {
    id: 'customers',
    of: (t) => t.customers,
    show: format.count,
    course: (hours) => hours.map(running((h) => h.newCustomers)),
  },
];

export function showCards(sales: SalesToday): void {
  const hourNow = Number(
    new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone: sales.timeZone }).format(
      new Date(sales.asOf),
    ),
  );
  const time = format.clockMinutes(sales.asOf, sales.timeZone);
  for (const { id, of, show, course } of cards) {
    const card = element(`#card-${id}`);
    const now = of(sales.today);
    const value = element('.value', card);
    const waiting = card.classList.contains('loading');
    if (setText(value, now === null ? '–' : show(now)) && !waiting) flash(value);
    card.classList.remove('loading');
    showChange(element('.change', card), now, of(sales.yesterdayBySameTime), time);
    const today = course(sales.hours.slice(0, hourNow + 1).map((hour) => hour.today));
    const yesterday = course(sales.hours.map((hour) => hour.yesterday));
    drawSparkline(element<SVGSVGElement>('.spark', card), today, yesterday);
  }
}

function showChange(target: HTMLElement, now: number | null, before: number | null, time: string): void {
  if (now === null || before === null || before === 0) {
    setText(target, before === null || before === 0 ? `Nothing by ${time} yesterday` : `Nothing yet today`);
    return;
  }
  const change = now / before - 1;
  const words = change >= 0 ? `▲ ${format.share(change)}` : `▼ ${format.share(-change)}`;
  const text = `${words} against ${time} yesterday`;
  if (target.textContent === text) return;
  target.replaceChildren(make('b', words, change >= 0 ? 'up' : 'down'), text.slice(words.length));
}

function flash(value: HTMLElement): void {
  value.classList.remove('changed');
  void value.offsetWidth; // lets the animation begin anew
  value.classList.add('changed');
}

function running<T>(of: (item: T) => number): (item: T) => number {
  let sum = 0;
  return (item) => {
    sum += of(item);
    return sum;
  };
}
