import type { ShopRequest } from '../load/shop-request.js';
import type { TillPurchase } from '../load/till.js';
import type { World } from '../world/world.js';
import { checkAnswers } from './check-answers.js';
import { checkEvents } from './check-events.js';
import { checkPurchases } from './check-purchases.js';
import { checkQueues } from './check-queues.js';
import { checkStock } from './check-stock.js';
import { checkVerify } from './check-verify.js';
import { type Ledger, readLedger } from './ledger.js';
import { differingViews } from './views.js';

export interface Evidence {
  readonly world: World;
  readonly requests: readonly ShopRequest[];
  readonly purchases: readonly TillPurchase[];
}

/** Returns what is wrong, in words, or an empty list. */
export type Check = (evidence: Evidence) => Promise<readonly string[]>;

const checks: readonly Check[] = [
  checkAnswers,
  checkStock,
  checkEvents,
  ({ world }) => differingViews(world),
  checkVerify,
  checkPurchases,
  checkQueues,
];

export interface Verdict {
  readonly ledger: Ledger;
  readonly faults: readonly string[];
}

/** Runs all checks on a world whose services have stopped, so that no running work can hide a loss. */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const faults: string[] = [];
  for (const check of checks) faults.push(...(await check(evidence)));
  return { ledger: await readLedger(evidence), faults };
}
