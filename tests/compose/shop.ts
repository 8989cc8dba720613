import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_TIMEOUT_MS = 15_000;
/** Restarts take seconds, and each second should have dozens of orders. */
const PAUSE_MS = 20;

const catalogue = [
  { name: 'Wireless Mouse', category: 'Accessories', price: 49.99 },
  { name: 'USB-C Cable', category: 'Accessories', price: 0.07 },
  { name: 'Laptop', category: 'Computers & Parts', price: 1299.01 },
  { name: 'Crème brûlée', category: 'Süßes & 糖', price: 3.35 },
] as const;
const STOCK = 1_000_000;

export interface Shop {
  readonly commandUrl: string;
  readonly queryUrl: string;
  readonly managementUrl: string;
  readonly productIds: number[];
  /** Ids of the orders that were answered 201. None of them may be missing later. */
  readonly accepted: Set<number>;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly json: T;
}

export async function call<T>(url: string, body?: unknown): Promise<Answer<T>> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as T };
}

/** Sends a GET and throws unless the answer is 200. */
export async function read<T>(url: string): Promise<T> {
  const { status, json } = await call<T>(url);
  assert.equal(status, 200, `${url} answered ${status} ${JSON.stringify(json)}`);
  return json;
}

export async function stockTheShop(shop: Shop): Promise<void> {
  for (const product of catalogue) {
    const { status, json } = await call<{ productId: number }>(`${shop.commandUrl}/api/products`, {
      ...product,
      stock: STOCK,
    });
    assert.equal(status, 201, JSON.stringify(json));
    shop.productIds.push(json.productId);
  }
}

/** Places order number `n` of a fixed pattern: one or two lines, 7 customers. Returns the status of the answer. */
async function placeOrder(shop: Shop, n: number): Promise<number> {
  const product = (offset: number) => shop.productIds[(n + offset) % shop.productIds.length];
  const items = [{ productId: product(0), quantity: 1 + (n % 3) }];
  if (n % 2 === 0) items.push({ productId: product(1), quantity: 2 });
  const { status, json } = await call<{ orderId: number }>(`${shop.commandUrl}/api/orders`, {
    customerId: 801 + (n % 7),
    items,
  });
  if (status === 201) shop.accepted.add(json.orderId);
  return status;
}

/** Places `count` orders, eight at a time, and throws if one is not accepted. */
export async function placeOrders(shop: Shop, count: number): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < count) assert.equal(await placeOrder(shop, next++), 201);
  };
  await Promise.all(Array.from({ length: 8 }, client));
}

export interface Traffic {
  readonly accepted: number;
  /** Orders that were answered 503, or not at all. */
  readonly failed: number;
}

/** Places orders, also while they are refused with 503, until `work` is done. */
export async function withTraffic(shop: Shop, work: () => Promise<unknown>): Promise<Traffic> {
  let open = true;
  let n = 0;
  const traffic = { accepted: 0, failed: 0 };
  const client = async () => {
    while (open) {
      const status = await placeOrder(shop, n++).catch(() => undefined);
      if (status === 201) traffic.accepted++;
      else if (status === undefined || status === 503) traffic.failed++;
      else assert.fail(`an order was answered ${status}`);
      await delay(PAUSE_MS);
    }
  };
  const clients = Promise.all([client(), client()]);
  await Promise.all([clients, work().finally(() => (open = false))]);
  return traffic;
}
