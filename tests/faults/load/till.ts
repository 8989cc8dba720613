import { Agent } from 'node:http';
import type { Random } from '../random.js';
import { postJson } from './post-json.js';
import type { Product } from './shop-request.js';

/** What became of one purchase, as its till knows it. */
export interface TillPurchase {
  readonly key: string;
  readonly body: string;
  readonly totalCents: number;
  attempts: number;
  /** `unknown`: no final answer, so it is stored zero times or once. */
  outcome: 'recorded' | 'refused' | 'unknown';
  purchaseId?: number;
}

const ANSWER_TIMEOUT_MS = 4_000;
const BRANCHES = ['downtown', 'harbour', 'uptown'];
const agent = new Agent({ keepAlive: true, maxSockets: 50 });

/** One to three products at a price of the till's own; a new customer each time, or the one who came before. */
export function newPurchase(random: Random, products: readonly Product[], userId: string | undefined): TillPurchase {
  const items = random
    .shuffled(products)
    .slice(0, random.int(1, 3))
    .map(({ id }) => ({ productId: id, qty: 1, priceCents: random.int(1, 10_000) }));
  const key = random.hex(32);
  return {
    key,
    body: JSON.stringify({
      branchId: random.pick(BRANCHES),
      cashierId: 'c-1',
      posId: 'pos-1',
      receiptId: `R-${key}`,
      idempotencyKey: key,
      userId,
      items: items.map(({ productId, qty, priceCents }) => ({ productId, qty, unitPrice: priceCents / 100 })),
    }),
    totalCents: items.reduce((sum, { priceCents }) => sum + priceCents, 0),
    attempts: 0,
    outcome: 'unknown',
  };
}

/** Sends a purchase once and notes a final answer in it. Answers its customer when it was recorded. */
export async function sendPurchase(purchase: TillPurchase, url: string): Promise<string | undefined> {
  purchase.attempts += 1;
  try {
    const asked = { headers: {}, agent, patienceMs: ANSWER_TIMEOUT_MS };
    const { status, body } = await postJson(`${url}/api/purchases`, purchase.body, asked);
    const { purchaseId, userId } = body as { purchaseId?: number; userId?: string };
    if (status === 201 && purchaseId !== undefined) {
      purchase.outcome = 'recorded';
      purchase.purchaseId = purchaseId;
      return userId;
    }
    if (status < 500) purchase.outcome = 'refused';
  } catch {
    // No answer: the till asks again with the same key.
  }
  return undefined;
}
