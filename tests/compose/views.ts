import assert from 'node:assert/strict';
import { eventually } from '@tallyline/local/testing/eventually';
import { type ComposeProject, compose } from './compose-project.js';
import { EXPECTED_ANSWERS, STORED_ORDERS } from './expected-answers.js';
import { type Answer, call, read, type Shop } from './shop.js';

const CATCH_UP_TIMEOUT_MS = 45_000;
const HOUR_MS = 3_600_000;

interface StoredOrder {
  readonly orderId: number;
  readonly total: number;
}

interface SoldHour {
  readonly hour: string;
  readonly totalOrders: number;
  readonly totalRevenue: number;
}

/** Checks that no accepted order is missing, and waits until every view equals the stored orders and is in sync. */
export async function viewsEqualTheOrders(project: ComposeProject, shop: Shop): Promise<number> {
  const ask = async <T>(sql: string): Promise<T> => {
    const psql = ['psql', '-qXtA', '-U', 'postgres', '-d', 'write_db', '-c', sql];
    return JSON.parse(await compose(project, 'exec', '-T', 'write-db', ...psql));
  };
  const { orders, hours } = await ask<{ orders: StoredOrder[]; hours: SoldHour[] }>(STORED_ORDERS);
  const stored = new Set(orders.map(({ orderId }) => orderId));
  const missing = [...shop.accepted].filter((id) => !stored.has(id));
  assert.deepEqual(missing, [], 'orders that were answered 201 and are not stored');

  const expected = Object.entries(await ask<Record<string, unknown>>(EXPECTED_ANSWERS));
  const allEqual = async () => {
    for (const [path, answer] of expected)
      assert.deepEqual(await read(`${shop.queryUrl}${encodeURI(path)}`), answer, path);
    assert.deepEqual(await readOrders(shop), orders);
    assert.deepEqual(await readHours(shop), hours);
    await inSync(shop);
  };
  await eventually(allEqual, { timeoutMs: CATCH_UP_TIMEOUT_MS, intervalMs: 200 });
  return orders.length;
}

async function inSync({ queryUrl }: Shop): Promise<void> {
  const answer = await read<Record<string, unknown>>(`${queryUrl}/api/analytics/sync-status`);
  const { status, lagSeconds, pendingEvents } = answer;
  assert.deepEqual({ status, lagSeconds, pendingEvents }, { status: 'in-sync', lagSeconds: 0, pendingEvents: 0 });
}

/** Reads every order from the read side, newest first. It follows `Link: rel="next"` to the last page. */
async function readOrders({ queryUrl }: Shop): Promise<StoredOrder[]> {
  const found: StoredOrder[] = [];
  for (let url: string | undefined = `${queryUrl}/api/orders`; url !== undefined; ) {
    const page: Answer<StoredOrder[]> = await call(url);
    assert.equal(page.status, 200, `${url} answered ${page.status}`);
    found.push(...page.json.map(({ orderId, total }) => ({ orderId, total })));
    const next: string | undefined = page.headers.get('link')?.match(/<([^>]+)>;\s*rel="next"/)?.[1];
    url = next === undefined ? undefined : new URL(next, url).href;
  }
  return found;
}

async function readHours({ queryUrl }: Shop): Promise<SoldHour[]> {
  const from = new Date(Date.now() - HOUR_MS).toISOString();
  const to = new Date(Date.now() + HOUR_MS).toISOString();
  const hours = await read<SoldHour[]>(`${queryUrl}/api/analytics/sales/hourly?from=${from}&to=${to}`);
  return hours.filter(({ totalOrders }) => totalOrders > 0);
}
