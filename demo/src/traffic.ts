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

/** No more requests are sent while this many wait for an answer, because the suite is slow or unreachable. */
const MAX_PENDING = 256;
/** The share of orders with an old price, of orders for more than the stock, and of purchases among all requests. */
const OLD_PRICE_SHARE = 0.01;
const EXCESSIVE_SHARE = 0.01;
const PURCHASE_SHARE = 0.3;

/** Sends orders and purchases until the signal. Customers are independent, so the gaps between them are exponential. */
export async function keepBusy(options: TrafficOptions): Promise<void> {
  const { api, random, customers, shelf, till, ratePerSecond, tally, signal } = options;
  const nextCustomer = pickerOf(random, customers);
  const pending = new Set<Promise<void>>();
  const priceOf = new Map(shelf.map(({ productId, price }) => [productId, price]));
  /** The product with the smallest stock. Some orders ask for more than that. */
  const scarce = shelf.reduce((least, item) => (item.stock < least.stock ? item : least));

  const count = (what: 'orders' | 'purchases', status: number) => {
    if (status === 201) tally[what] += 1;
    else if (status >= 400 && status < 500) tally.refusals += 1;
    else tally.unanswered += 1;
  };
  const order = async () => {
    const basket = fillBasket(random, nextCustomer(), shelf);
    const priceDifference = random.next() < OLD_PRICE_SHARE ? 1 : 0;
    const wanted =
      random.next() < EXCESSIVE_SHARE ? [{ productId: scarce.productId, quantity: scarce.stock + 1 }] : basket.items;
    const items = wanted.map((item) => ({ ...item, price: (priceOf.get(item.productId) ?? 0) + priceDifference }));
    const { status } = await api.post('/api/orders', { customerId: basket.customerId, items });
    count('orders', status);
  };
  const purchase = async () => count('purchases', await till.purchase());

  let due = performance.now();
  while (!signal.aborted) {
    due = Math.max(due, performance.now() - 1_000) + (-Math.log(1 - random.next()) * 1_000) / ratePerSecond;
    const waitMs = due - performance.now();
    if (waitMs > 1) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (pending.size >= MAX_PENDING) await Promise.race(pending);
    if (signal.aborted) break;
    const visit = (random.next() < PURCHASE_SHARE ? purchase() : order()).finally(() => pending.delete(visit));
    pending.add(visit);
  }
  await Promise.all(pending);
}
