import { setTimeout as delay } from 'node:timers/promises';
import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import type { SqlOrders } from '../load/sql-orders.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { PRODUCTS, seedProducts } from '../seed.js';
import { type Service, startService } from '../service.js';
import { createStage, type Stage } from '../stage.js';

const HTTP_CONNECTIONS = 64;
const SQL_CONNECTIONS = 32;

const allProducts = Array.from({ length: PRODUCTS }, (_, index) => index + 1);

export const measureOrdersSpread = (run: Run) => measureOrders(run, 'orders-spread', allProducts, 1.2);
export const measureOrdersHot = (run: Run) => measureOrders(run, 'orders-hot', [1], 4);

/** The relay runs beside the orders, as it always does; the reference has none, and its broker is idle. */
async function measureOrders(run: Run, name: string, products: readonly number[], goal: number): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const [ours, reference] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, reference]) await stage.onWrite(seedProducts);
  const service = await startService('command-service', ours);
  run.progress(`${name}: warming up`);
  await postOrders(service, products, warmUpMs);
  await insertOrders(reference, products, warmUpMs);
  const pairs = await inTurn(
    run,
    name,
    'orders/s',
    async () => {
      const rate = await postOrders(service, products, loadMs);
      await untilPublished(ours);
      return rate;
    },
    () => insertOrders(reference, products, loadMs),
  );
  await service.stop();
  await Promise.all([ours.drop(), reference.drop()]);
  const described = {
    name,
    unit: 'orders/s',
    reference: 'direct SQL, one transaction per order',
    goal: { atLeast: goal },
  };
  return [figureOfPairs(described, pairs)];
}

export async function postOrders({ url }: Service, products: readonly number[], durationMs: number): Promise<number> {
  const { requestsPerSecond, failures } = await runLoad<HttpLoadAnswer>('http-load', {
    url,
    method: 'POST',
    connections: HTTP_CONNECTIONS,
    durationMs,
    requests: products.map((productId) => ({
      path: '/api/orders',
      body: JSON.stringify({ customerId: 1 + ((productId * 7) % 10_000), items: [{ productId, quantity: 1 }] }),
    })),
  } satisfies HttpLoad);
  if (failures > 0) throw new Error(`${failures} orders were not answered 201`);
  return requestsPerSecond;
}

async function insertOrders({ writeUrl }: Stage, products: readonly number[], durationMs: number): Promise<number> {
  const load: SqlOrders = { writeUrl, connections: SQL_CONNECTIONS, durationMs, products };
  return (await runLoad<{ perSecond: number }>('sql-orders', load)).perSecond;
}

/**
 * What the relay still has to do would slow down whatever is measured next. Asks for the newest row, by the index: its
 * other end is full of entries of rows just published, and without an order the planner read the whole table, which
 * charged up to 6 µs an event to the relay; this look takes 0.5.
 */
export function untilPublished(stage: Stage): Promise<Date> {
  const look = {
    name: 'newest-unpublished',
    text: `SELECT (SELECT id FROM outbox WHERE published_at IS NULL ORDER BY id DESC LIMIT 1) AS waiting,
                  clock_timestamp() AS now`,
  };
  return stage.onWrite(async (client) => {
    for (;;) {
      const { rows } = await client.query(look);
      if (rows[0].waiting === null) return rows[0].now;
      await delay(20);
    }
  });
}
