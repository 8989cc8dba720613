import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figureInTurn } from '../in-turn.js';
import type { Run } from '../run.js';
import { productIds, seedProducts, seedProductViews, seedReadHistory, seedWriteHistory } from '../seed.js';
import { startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';
import { emptyQueue } from './consumer.js';
import { postOrders, untilPublished } from './orders.js';
import { getSales } from './query.js';
import { drainBacklog } from './relay.js';

/** Measures each hot path on a database with a long history, and on an empty one. */
export async function measureHistory(run: Run): Promise<Figure[]> {
  const { history, backlog, loadMs } = run.scale;
  const [old, empty] = [await createStage(run.servers), await createStage(run.servers)];
  run.progress(`history: writing ${history.toLocaleString('en-US')} orders with their events and views`);
  for (const stage of [old, empty]) await Promise.all([stage.onWrite(seedProducts), declareTopology(stage)]);
  await Promise.all([
    old.onWrite((client) => seedWriteHistory(client, history)),
    old.onRead((client) => seedReadHistory(client, history)),
    empty.onRead((client) => seedProductViews(client, 0)),
  ]);

  const paths: Record<string, readonly [unit: string, measure: (stage: Stage) => Promise<number>]> = {
    orders: ['orders/s', (stage) => ordersOf(stage, loadMs)],
    relay: ['events/s', (stage) => drainBacklog(stage, backlog / 2)],
    consumer: ['events/s', (stage) => emptyQueue(stage, backlog / 2)],
    query: ['answers/s', (stage) => queriesOf(stage, loadMs)],
  };
  const figures: Figure[] = [];
  for (const [path, [unit, measure]] of Object.entries(paths)) {
    figures.push(
      ...(await figureInTurn(
        run,
        { name: `history-${path}`, unit, reference: 'the same on an empty database', goal: goals.history },
        () => measure(old),
        () => measure(empty),
      )),
    );
  }
  await Promise.all([old.drop(), empty.drop()]);
  return figures;
}

async function ordersOf(stage: Stage, loadMs: number): Promise<number> {
  const service = await startService('command-service', stage);
  await postOrders(service, productIds, loadMs / 4);
  const rate = await postOrders(service, productIds, loadMs);
  await untilPublished(stage);
  await service.stop();
  await stage.purgeOrderEvents();
  return rate;
}

async function queriesOf(stage: Stage, loadMs: number): Promise<number> {
  const service = await startService('query-service', stage);
  await getSales(service.url, loadMs / 4);
  const rate = await getSales(service.url, loadMs);
  await service.stop();
  return rate;
}
