import type { Figure } from './figure.js';
import { measureBranches } from './measure/branches.js';
import { measureConsumer, measureConsumerFloor } from './measure/consumer.js';
import { measureFreshness } from './measure/freshness.js';
import { measureHistory } from './measure/history.js';
import { measureIndexBuild } from './measure/index-build.js';
import { measureMemory } from './measure/memory.js';
import { measureOrdersHot, measureOrdersSpread } from './measure/orders.js';
import { measurePurchases } from './measure/purchases.js';
import { measureQuery } from './measure/query.js';
import { measureRelay } from './measure/relay.js';
import type { Run } from './run.js';

/** The measurements by name, in their order. Memory comes after all that run with it, because it reports their peaks. */
export const measurements: Readonly<Record<string, (run: Run) => Promise<Figure[]>>> = {
  'orders-spread': measureOrdersSpread,
  'orders-hot': measureOrdersHot,
  purchases: measurePurchases,
  relay: measureRelay,
  consumer: measureConsumer,
  'consumer-floor': measureConsumerFloor,
  query: measureQuery,
  freshness: measureFreshness,
  history: measureHistory,
  branches: measureBranches,
  memory: measureMemory,
  'index-build': measureIndexBuild,
};

/** Measurements that run only when `--only` names them. They take minutes and show one property, not a speed. */
export const onRequest: ReadonlySet<string> = new Set(['index-build']);
