import { randomUUID } from 'node:crypto';
import { onPool, type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { amountOf } from '@tallyline/contracts/money';
import { readBranches } from '../branches/branches.sql.js';
import { type EventTime, readEventTime } from '../outbox/event-time.sql.js';
import type { HandOver } from '../outbox/hand-over.js';
import { outboxRow } from '../outbox/outbox-row.js';
import {
  decidePurchase,
  decideRepeat,
  type Purchase,
  type PurchaseDecision,
  type RecordedPurchase,
} from './decide-purchase.js';
import { localDay } from './local-day.js';
import { findEarlier, findKnown, insertPurchase, takePurchaseId } from './purchases.sql.js';

export type RecordPurchaseResult =
  | Exclude<PurchaseDecision, { kind: 'accepted' }>
  | { readonly kind: 'recorded'; readonly purchase: RecordedPurchase };

/** The time of a purchase. Tests on daylight-saving days give another one; nothing else does. */
export type Clock = (tx: Tx) => Promise<EventTime>;

/** One transaction: look, decide, store the purchase and the event that tells of it; then the event is handed over. */
export async function recordPurchase(
  pool: Pool,
  handOver: HandOver,
  purchase: Purchase,
  traceparent: string,
  clock: Clock = readEventTime,
): Promise<RecordPurchaseResult> {
  const productIds = purchase.items.map(({ productId }) => productId);
  const work = async (tx: Tx) => {
    // Sent together: one round trip.
    const [earlier, branches, known, now, id] = await Promise.all([
      findEarlier(tx, purchase),
      readBranches(tx),
      findKnown(tx, productIds, purchase.userId),
      clock(tx),
      takePurchaseId(tx),
    ]);
    const decision = decidePurchase(purchase, earlier, { ...known, branches });
    if (decision.kind !== 'accepted') return { result: decision };

    const { branch, totalCents } = decision;
    const { userId = randomUUID(), receiptId } = purchase;
    const day = localDay(now, branch.timeZone);
    const event = outboxRow('PurchaseCreated', factsOf(purchase, { id, day, userId, totalCents }), now, traceparent, {
      retryAt: handOver.claimableFrom(now),
    });
    const newCustomer = purchase.userId === undefined;
    // The second round trip, and the last.
    const written = tx.commitBehind([insertPurchase(purchase, { id, userId, newCustomer, totalCents, day, event })]);
    const recorded = { purchaseId: id, userId, receiptId, totalCents, eventId: event.id };
    return { result: { kind: 'recorded' as const, purchase: recorded }, event, written };
  };
  const { result, event, written } = await withTransaction(pool, 'record purchase', work, { readsFirst: true });
  if (event === undefined) return result;
  const [stored] = await written.rows();
  if (stored?.length === 0) return lostRace(pool, purchase);
  handOver.committed([event]);
  return result;
}

/** Another request took the key or the receipt after we had looked, and has committed: look again. */
async function lostRace(pool: Pool, purchase: Purchase): Promise<RecordPurchaseResult> {
  const repeat = decideRepeat(purchase, await findEarlier(onPool(pool), purchase));
  if (repeat === undefined) throw new Error('a purchase was in the way that is not there');
  return repeat;
}

function factsOf(
  { branchId, cashierId, posId, receiptId, items }: Purchase,
  { id, day, userId, totalCents }: { id: number; day: string; userId: string; totalCents: number },
) {
  return {
    purchaseId: id,
    branchId,
    day,
    cashierId,
    posId,
    receiptId,
    userId,
    total: amountOf(totalCents),
    items: items.map(({ productId, priceCents }) => ({ productId, quantity: 1, price: amountOf(priceCents) })),
  };
}
