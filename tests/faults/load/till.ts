import { Agent } from 'node:http';
import type { Random } from '../random.js';
import { postJson } from './post-json.js';
import type { Product } from './shop-request.js';

/** A purchase and its outcome, as its till knows them. */
export interface TillPurchase {
  readonly key: string;
  readonly body: string;
  readonly totalCents: number;
  attempts: number;
  /** `unknown` means no final answer: the purchase is stored zero times or once. */
  outcome: 'recorded' | 'refused' | 'unknown';
  purchaseId?: number;
}

const ANSWER_TIMEOUT_MS = 4_000;
const BRANCHES = ['downtown', 'harbour', 'uptown'];
const agent = new Agent({ keepAlive: true, maxSockets: 50 });

/** Makes a purchase of one to three products at the till's own prices, for a new customer or for `userId`. */
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

/** Sends a purchase once and stores a final answer in it. Returns its customer when it was recorded. */
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
    // The till got no answer and sends the purchase again with the same key.
  }
  return undefined;
}
