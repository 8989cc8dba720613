import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../figure.js';
import { answer, readInput, runUntilFinished } from '../load-process.js';
import { PRODUCTS } from '../seed.js';
import { connectHttp, type HttpConnection, renderRequest } from './http-connection.js';

export interface SteadyOrders {
  readonly url: string;
  readonly ordersPerSecond: number;
  readonly warmUpMs: number;
}

export interface SteadyOrdersAnswer {
  readonly orders: number;
  readonly p50Ms: number;
  readonly slowestMs: number;
}

/**
 * Places orders at a fixed rate until it is asked to end. The time of an order begins when it is due, so that orders which
 * wait for earlier ones count in full.
 */
const { url, ordersPerSecond, warmUpMs } = readInput<SteadyOrders>();
const idle: HttpConnection[] = [];
let latenciesMs: number[] = [];

async function order(n: number, dueAt: number): Promise<void> {
  const items = [{ productId: 1 + (n % PRODUCTS), quantity: 1 }];
  const body = JSON.stringify({ customerId: 1 + (n % 10_000), items });
  const connection = idle.pop() ?? (await connectHttp(url));
  const { status } = await connection.exchange(renderRequest(url, 'POST', '/api/orders', {}, body));
  if (status !== 201) throw new Error(`POST /api/orders answered ${status}`);
  idle.push(connection);
  latenciesMs.push(performance.now() - dueAt);
}

let isOver = false;
const startedAt = performance.now();
const dueAtOf = (n: number) => startedAt + (n / ordersPerSecond) * 1_000;
const running: Promise<void>[] = [];
async function keepOrdering(): Promise<void> {
  for (let n = 0; !isOver; await delay(1)) {
    for (; dueAtOf(n) <= performance.now(); n += 1) running.push(order(n, dueAtOf(n)));
  }
}

const ordering = keepOrdering();
await delay(warmUpMs);
latenciesMs = [];
await runUntilFinished();
isOver = true;
await ordering;
await Promise.all(running);
for (const connection of idle) connection.close();
answer({
  orders: latenciesMs.length,
  p50Ms: quantile(latenciesMs, 0.5),
  slowestMs: Math.max(...latenciesMs),
} satisfies SteadyOrdersAnswer);
