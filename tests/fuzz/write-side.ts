import type pg from 'pg';
import type { FuzzRequest } from './fuzz-request.js';
import type { FuzzAnswer } from './send.js';

/** Selects counts and sums of all tables of the write side. They come as text, because sums may exceed a double. */
const STATE = `
  SELECT (SELECT count(*) FROM products) AS products, (SELECT COALESCE(sum(stock), 0) FROM products) AS stock,
         (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS lines,
         (SELECT COALESCE(sum(quantity), 0) FROM order_items) AS units,
         (SELECT count(*) FROM purchases) AS purchases, (SELECT count(*) FROM purchase_items) AS items,
         (SELECT COALESCE(sum(total * 100), 0)::bigint FROM purchases) AS cents,
         (SELECT count(*) FROM customers) AS customers, (SELECT count(*) FROM outbox) AS events,
         (SELECT count(*) FROM idempotency_keys) AS keys`;

export type WriteState = Readonly<Record<string, bigint>>;

export async function readWriteState(pool: pg.Pool): Promise<WriteState> {
  const { rows } = await pool.query(STATE);
  return Object.fromEntries(Object.entries(rows[0]).map(([name, value]) => [name, BigInt(String(value))]));
}

/** Returns what an answered request must have added: a 201 its rows, a refusal at most its idempotency key. */
export function addedBy(request: FuzzRequest, answer: FuzzAnswer): Record<string, number> {
  if (answer.headers.get('idempotent-replayed') !== null) return {};
  const keyed = request.headers['idempotency-key'] !== undefined ? 1 : 0;
  if (answer.status === 409) {
    const { type } = answer.body as { type: string };
    return /:(?:price-differs|insufficient-stock)$/.test(type) ? { keys: keyed } : {};
  }
  if (answer.status !== 201) return {};
  const body = JSON.parse((request.body?.text ?? '').replace(/^\ufeff/, ''));
  const path = request.path.toLowerCase();
  if (path.startsWith('/api/products')) return { products: 1, events: 1, keys: keyed, stock: body.stock };
  if (path.startsWith('/api/orders')) {
    const units = body.items.reduce((sum: number, { quantity }: { quantity: number }) => sum + quantity, 0);
    return { orders: 1, lines: body.items.length, units, stock: -units, events: 1, keys: keyed };
  }
  const prices: number[] = body.items.map((item: Record<string, number>) => item.unitPrice ?? item.unit_price);
  const isNew = (body.userId ?? body.user_id ?? undefined) === undefined;
  const cents = prices.reduce((sum, price) => sum + Math.round(price * 100), 0);
  return { purchases: 1, items: prices.length, cents, customers: isNew ? 1 : 0, events: 1 };
}

export function withAdded(state: WriteState, additions: readonly Record<string, number>[]): WriteState {
  const sum = { ...state };
  for (const addition of additions) {
    for (const [name, value] of Object.entries(addition)) sum[name] = (sum[name] ?? 0n) + BigInt(value);
  }
  return sum;
}
