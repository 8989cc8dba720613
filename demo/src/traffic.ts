import { setTimeout as delay } from 'node:timers/promises';
import { type Customer, fillBasket, pickerOf } from './customers.js';
import type { Random } from './random.js';
import type { ShopApi } from './shop-api.js';
import type { ShelfItem } from './stock-shelves.js';
import type { Till } from './till.js';

export interface Tally {
  orders: number;
  purchases: number;
  refusals: number;
  unanswered: number;
}

export interface TrafficOptions {
  readonly api: ShopApi;
  readonly random: Random;
  readonly customers: readonly Customer[];
  readonly shelf: readonly ShelfItem[];
  readonly till: Till;
  readonly ratePerSecond: number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** More than this many under way means that the suite does not keep up, or is away: then customers wait outside. */
const MAX_UNDER_WAY = 256;
const STALE_PRICE = 0.01;
const GREEDY = 0.01;
const AT_THE_TILL = 0.3;

/** Customers come as they do: independently of each other, so that the gaps between them are exponential. */
export async function keepBusy(options: TrafficOptions): Promise<void> {
  const { api, random, customers, shelf, till, ratePerSecond, tally, signal } = options;
  const nextCustomer = pickerOf(random, customers);
  const underWay = new Set<Promise<void>>();
  const priceOf = new Map(shelf.map(({ productId, price }) => [productId, price]));
  /** What somebody wants more of than there is. */
  const scarce = shelf.reduce((least, item) => (item.stock < least.stock ? item : least));

  const count = (what: 'orders' | 'purchases', status: number) => {
    if (status === 201) tally[what] += 1;
    else if (status >= 400 && status < 500) tally.refusals += 1;
    else tally.unanswered += 1;
  };
  const order = async () => {
    const basket = fillBasket(random, nextCustomer(), shelf);
    const stale = random.next() < STALE_PRICE ? 1 : 0;
    const wanted =
      random.next() < GREEDY ? [{ productId: scarce.productId, quantity: scarce.stock + 1 }] : basket.items;
    const items = wanted.map((item) => ({ ...item, price: (priceOf.get(item.productId) ?? 0) + stale }));
    const { status } = await api.post('/api/orders', { customerId: basket.customerId, items });
    count('orders', status);
  };
  const purchase = async () => count('purchases', await till.purchase());

  let due = performance.now();
  while (!signal.aborted) {
    due = Math.max(due, performance.now() - 1_000) + (-Math.log(1 - random.next()) * 1_000) / ratePerSecond;
    const waitMs = due - performance.now();
    if (waitMs > 1) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    if (signal.aborted) break;
    const visit = (random.next() < AT_THE_TILL ? purchase() : order()).finally(() => underWay.delete(visit));
    underWay.add(visit);
  }
  await Promise.all(underWay);
}
