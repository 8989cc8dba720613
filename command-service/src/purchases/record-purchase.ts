import { randomUUID } from 'node:crypto';
import { onPool, type Pool, type Tx } from '@tallyline/chassis/postgres/pool';
import { amountOf } from '@tallyline/contracts/money';
import { readBranches } from '../branches/branches.sql.js';
import { commitIfFree, emit, lockThenWrite, type WriteDatabase } from '../outbox/emit.js';
import { type EventTime, readEventTime } from '../outbox/event-time.sql.js';
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

/** Tests on daylight-saving days set the time of a purchase. Nothing else replaces this clock. */
export type Clock = (tx: Tx) => Promise<EventTime>;

/** Records a purchase and emits its event, in one transaction of two round trips. */
export async function recordPurchase(
  database: WriteDatabase,
  purchase: Purchase,
  traceparent: string,
  clock: Clock = readEventTime,
): Promise<RecordPurchaseResult> {
  const { result, isStored } = await lockThenWrite(
    database,
    'record purchase',
    (tx) => look(tx, purchase, clock),
    async (tx, { earlier, now, id, ...known }): Promise<Written> => {
      const decision = decidePurchase(purchase, earlier, known);
      if (decision.kind !== 'accepted') return { result: decision };

      const { branch, totalCents } = decision;
      const { userId = randomUUID(), receiptId } = purchase;
      const day = localDay(now, branch.timeZone);
      const facts = factsOf(purchase, { id, day, userId, totalCents });
      const event = emit(tx, now, { type: 'PurchaseCreated', facts, traceparent });
      const newCustomer = purchase.userId === undefined;
      const isStored = commitIfFree(tx, insertPurchase(purchase, { id, userId, newCustomer, totalCents, day, event }));
      const recorded = { purchaseId: id, userId, receiptId, totalCents, eventId: event.id };
      return { result: { kind: 'recorded', purchase: recorded }, isStored };
    },
  );
  if (isStored === undefined || (await isStored())) return result;
  return lostRace(database.pool, purchase);
}

interface Written {
  readonly result: RecordPurchaseResult;
  /** Says after the commit whether the purchase was stored. It was not if another request took its key or receipt first. */
  readonly isStored?: () => Promise<boolean>;
}

async function look(tx: Tx, purchase: Purchase, clock: Clock) {
  const productIds = purchase.items.map(({ productId }) => productId);
  // All statements are sent together.
  const [earlier, branches, known, now, id] = await Promise.all([
    findEarlier(tx, purchase),
    readBranches(tx),
    findKnown(tx, productIds, purchase.userId),
    clock(tx),
    takePurchaseId(tx),
  ]);
  return { earlier, branches, ...known, now, id };
}

/** Answers a request whose key or receipt another request took after `look`. That one has committed, so it can be read. */
async function lostRace(pool: Pool, purchase: Purchase): Promise<RecordPurchaseResult> {
  const repeat = decideRepeat(purchase, await findEarlier(onPool(pool), purchase));
  if (repeat === undefined) throw new Error('the key or the receipt was taken, but no purchase with it is stored');
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
