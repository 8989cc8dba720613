import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../figure.js';
import { answer, readInput } from '../load-process.js';
import { PRODUCTS } from '../seed.js';
import { connectHttp, type HttpConnection, renderRequest } from './http-connection.js';

export interface FreshnessLoad {
  readonly commandUrl: string;
  readonly queryUrl: string;
  readonly ordersPerSecond: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** One order in ten is followed, because following every order would be a load of its own. */
const ORDERS_PER_FOLLOWED = 10;

const { commandUrl, queryUrl, ordersPerSecond, warmUpMs, durationMs } = readInput<FreshnessLoad>();
const freshnessMs: number[] = [];
const idle = new Map<string, HttpConnection[]>([commandUrl, queryUrl].map((url) => [url, []]));

/** Runs `work` on an idle connection, or on a new one if there is none. Connections are kept. */
async function onConnection<T>(url: string, work: (connection: HttpConnection) => Promise<T>): Promise<T> {
  const connection = idle.get(url)?.pop() ?? (await connectHttp(url));
  const result = await work(connection);
  idle.get(url)?.push(connection);
  return result;
}

async function order(n: number, isMeasured: boolean): Promise<void> {
  const items = [{ productId: 1 + (n % PRODUCTS), quantity: 1 }];
  const body = JSON.stringify({ customerId: 1 + (n % 10_000), items });
  const request = renderRequest(commandUrl, 'POST', '/api/orders', {}, body);
  const answered = await onConnection(commandUrl, (connection) => connection.exchange(request));
  if (answered.status !== 201) throw new Error(`POST /api/orders answered ${answered.status}`);
  if (n % ORDERS_PER_FOLLOWED !== 0) return;
  const followedMs = await follow(JSON.parse(answered.body).orderId, answered.header('consistency-token'));
  if (isMeasured) freshnessMs.push(followedMs);
}

/** Returns the time until query-service answers with the order. The request has the consistency token of the 201. */
async function follow(orderId: number, token: string): Promise<number> {
  const answeredAt = performance.now();
  const path = `/api/orders/${orderId}`;
  const request = renderRequest(queryUrl, 'GET', path, { 'consistency-token': token, prefer: 'wait=10' });
  const { status } = await onConnection(queryUrl, (connection) => connection.exchange(request));
  if (status !== 200) throw new Error(`${path} answered ${status}: the order did not become visible in time`);
  return performance.now() - answeredAt;
}

/** Orders are sent at a fixed rate, so that slow answers do not reduce the load. */
const startedAt = performance.now();
const running: Promise<void>[] = [];
for (let n = 0; performance.now() - startedAt < warmUpMs + durationMs; ) {
  const elapsedMs = performance.now() - startedAt;
  for (; n < (elapsedMs / 1000) * ordersPerSecond; n += 1) running.push(order(n, elapsedMs > warmUpMs));
  await delay(1);
}
await Promise.all(running);
for (const connection of [...idle.values()].flat()) connection.close();
answer({ p50Ms: quantile(freshnessMs, 0.5), p99Ms: quantile(freshnessMs, 0.99), samples: freshnessMs.length });
