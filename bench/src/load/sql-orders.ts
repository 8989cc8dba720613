import type pg from 'pg';
import { answer, readInput } from '../load-process.js';
import { beginOrder, finishOrder } from './order-statements.js';
import { connectSql } from './sql-client.js';

export interface SqlOrders {
  readonly writeUrl: string;
  readonly connections: number;
  readonly durationMs: number;
  readonly products: readonly number[];
}

/** Writes the rows of orders with one transaction per order and without HTTP. */
const { writeUrl, connections, durationMs, products } = readInput<SqlOrders>();
const clients = await Promise.all(Array.from({ length: connections }, () => connectSql(writeUrl)));
const startedAt = performance.now();
const isOver = () => performance.now() - startedAt >= durationMs;
let orders = 0;

async function placeOrders(client: pg.Client, offset: number): Promise<void> {
  for (let n = offset; !isOver(); n += 1) {
    const productId = products[n % products.length] as number;
    await finishOrder(client, productId, 1 + (n % 10_000), await beginOrder(client, productId));
    if (!isOver()) orders += 1;
  }
}

await Promise.all(
  clients.map((client, index) => placeOrders(client, Math.floor((index / connections) * products.length))),
);
await Promise.all(clients.map((client) => client.end()));
answer({ perSecond: orders / (durationMs / 1000) });
