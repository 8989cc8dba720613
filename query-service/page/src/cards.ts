import type { SalesToday } from '../../src/queries/minute-sales.js';
import { element, make, setText } from './element.js';
import * as format from './format.js';
import { drawSparkline, type Point } from './sparkline.js';

type Hour = SalesToday['hours'][number]['today'];
type Totals = SalesToday['today'];

interface Card {
  readonly id: string;
  readonly total: (totals: Totals) => number | null;
  readonly show: (value: number) => string;
  /** The value of the sparkline for the day up to an hour; undefined while there is none. */
  readonly totalSoFar: (soFar: Hour) => number | undefined;
}

const averageOf = ({ revenue, orders }: Hour) => (orders === 0 ? undefined : revenue / orders);

const cards: readonly Card[] = [
  { id: 'revenue', total: (t) => t.revenue, show: format.headline, totalSoFar: (soFar) => soFar.revenue },
  { id: 'orders', total: (t) => t.orders, show: format.count, totalSoFar: (soFar) => soFar.orders },
  { id: 'average', total: (t) => t.averageOrder, show: format.headline, totalSoFar: averageOf },
  { id: 'customers', total: (t) => t.customers, show: format.count, totalSoFar: (soFar) => soFar.newCustomers },
];

export function showCards(sales: SalesToday): void {
  const time = format.clockMinutes(sales.asOf);
  const { hour } = sales.currentHour;
  const now = hour + format.partOfHour(sales.asOf);
  const today = soFar(sales.hours.slice(0, hour + 1).map((one) => one.today));
  const yesterday = soFar(sales.hours.map((one) => one.yesterday));
  for (const { id, total, show, totalSoFar } of cards) {
    const card = element(`#card-${id}`);
    const value = total(sales.today);
    const shown = element('.value', card);
    const waiting = card.classList.contains('loading');
    const text = value === null ? '–' : show(value);
    if (setText(shown, text) && !waiting) flash(shown);
    shown.style.setProperty('--characters', String(text.length));
    card.classList.remove('loading');
    showChange(element('.change', card), value, total(sales.yesterdayBySameTime), time);
    const points = (day: readonly Hour[], end: number) => pointsOf(day.map(totalSoFar), end);
    drawSparkline(element<SVGSVGElement>('.spark', card), points(today, now), points(yesterday, 24));
  }
}

const NOTHING: Hour = { revenue: 0, orders: 0, newCustomers: 0 };

/** Returns the sums of the day at midnight and at each hour's end. Values by the hour would fall when an hour begins. */
function soFar(hours: readonly Hour[]): Hour[] {
  let sum = NOTHING;
  const sums = hours.map(({ revenue, orders, newCustomers }) => {
    sum = {
      revenue: sum.revenue + revenue,
      orders: sum.orders + orders,
      newCustomers: sum.newCustomers + newCustomers,
    };
    return sum;
  });
  return [NOTHING, ...sums];
}

/** Puts each value at the end of its hour, and the last one at the present time. */
function pointsOf(values: readonly (number | undefined)[], end: number): Point[] {
  return values.flatMap((value, hours) => (value === undefined ? [] : { x: Math.min(hours, end), y: value }));
}

function showChange(target: HTMLElement, now: number | null, before: number | null, time: string): void {
  if (now === null || before === null || before === 0) {
    setText(target, before === null || before === 0 ? `Nothing by ${time} yesterday` : `Nothing yet today`);
    return;
  }
  const { direction, share } = format.change(now, before);
  const [sign, look, rest] = (
    {
      1: [`▲ ${share}`, 'up', `more than by ${time} yesterday`],
      0: ['=', 'same', `as much as by ${time} yesterday`],
      [-1]: [`▼ ${share}`, 'down', `less than by ${time} yesterday`],
    } as const
  )[direction];
  if (target.textContent === `${sign} ${rest}`) return;
  target.replaceChildren(make('b', sign, look), ` ${rest}`);
}

function flash(value: HTMLElement): void {
  value.classList.remove('changed');
  void value.offsetWidth; // restarts the animation
  value.classList.add('changed');
}
