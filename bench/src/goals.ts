import type { Goal } from './figure.js';

/**
 * The goal of each figure. A goal may only get stricter: an `atLeast` may be raised and an `atMost` lowered, never the
 * other way round. docs/performance.md describes what each figure compares.
 */
export const goals = {
  ordersSpread: { atLeast: 1.3 },
  ordersHot: { atLeast: 4.5 },
  purchases: { atLeast: 0.35 },
  relayCeiling: { atLeast: 0.75 },
  consumer: { atLeast: 22 },
  consumerFloor: { atLeast: 0.85 },
  query: { atLeast: 1.6 },
  queryCeiling: { atLeast: 0.38 },
  freshnessP50: { atMost: 4 },
  freshnessP99: { atMost: 12 },
  history: { atLeast: 0.9 },
  branchBlocks: { atMost: 60 },
  indexBuildMs: { atMost: 500 },
  memoryMb: { atMost: 200 },
} as const satisfies Readonly<Record<string, Goal>>;
