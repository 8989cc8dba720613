import { setTimeout as delay } from 'node:timers/promises';
import type { Description, Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figureInTurn } from '../in-turn.js';
import type { SqlOrders } from '../load/sql-orders.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { productIds, seedProducts } from '../seed.js';
import { type Service, startService } from '../service.js';
import { createStage, type Stage } from '../stage.js';
import { httpRate } from './http-rate.js';

export const SQL_CONNECTIONS = 32;

const described = { unit: 'orders/s', reference: 'direct SQL, one transaction per order' };

export const measureOrdersSpread = (run: Run) =>
  measureOrders(run, { ...described, name: 'orders-spread', goal: goals.ordersSpread }, productIds);
export const measureOrdersHot = (run: Run) =>
  measureOrders(run, { ...described, name: 'orders-hot', goal: goals.ordersHot }, [1]);

function measureOrders(run: Run, description: Description, products: readonly number[]): Promise<Figure[]> {
  return measureWrites(
    run,
    description,
    (service, durationMs) => postOrders(service, products, durationMs),
    ({ writeUrl }, durationMs) => {
      const load: SqlOrders = { writeUrl, connections: SQL_CONNECTIONS, durationMs, products };
      return runLoad('sql-orders', load);
    },
  );
}

/** Our relay publishes during the load, as it always does. The reference has no relay, and its broker is idle. */
export async function measureWrites(
  run: Run,
  description: Description,
  post: (service: Service, durationMs: number) => Promise<number>,
  insert: (stage: Stage, durationMs: number) => Promise<{ perSecond: number }>,
): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const [ours, reference] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, reference]) await stage.onWrite(seedProducts);
  const service = await startService('command-service', ours);
  run.progress(`${description.name}: warming up`);
  await post(service, warmUpMs);
  await insert(reference, warmUpMs);
  const figures = await figureInTurn(
    run,
    description,
    async () => {
      const rate = await post(service, loadMs);
      await untilPublished(ours);
      return rate;
    },
    async () => (await insert(reference, loadMs)).perSecond,
  );
  await service.stop();
  await Promise.all([ours.drop(), reference.drop()]);
  return figures;
}

export function postOrders({ url }: Service, products: readonly number[], durationMs: number): Promise<number> {
  return httpRate({
    url,
    method: 'POST',
    durationMs,
    requests: products.map((productId) => ({
      path: '/api/orders',
      body: JSON.stringify({ customerId: 1 + ((productId * 7) % 10_000), items: [{ productId, quantity: 1 }] }),
    })),
  });
}

/**
 * Waits until the relay has published everything, so that it does not slow down the next measurement. The query looks for
 * the newest row by the index: the old end of the index is full of rows that were just published. Without `ORDER BY` the
 * planner would read the whole table, which would take processor time from the relay.
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
