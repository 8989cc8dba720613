import { createGroupCommit, type GroupCommit } from '@tallyline/chassis/group-commit';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { amountOf } from '@tallyline/contracts/money';
import { outboxRow } from '../outbox/outbox-row.js';
import { lockProducts } from '../products/products.sql.js';
import { decideOrder, type OrderDecision, type OrderLine } from './decide-order.js';
import { insertOrders, type NewOrder, readClockAndTakeIds } from './orders.sql.js';

export interface PlaceOrder {
  readonly customerId: number;
  readonly lines: readonly OrderLine[];
  readonly traceparent: string;
}

export type Placed = { readonly kind: 'placed'; readonly orderId: number; readonly eventId: string };
export type PlaceOrderResult = Placed | Exclude<OrderDecision, { kind: 'accepted' }>;

/** 100 orders share a commit at most: beyond that the wait of the first grows faster than the throughput. */
const MAX_GROUP_SIZE = 100;
const MAX_WAITING = 5_000;

/** Places orders in shared transactions; `onCommit` wakes the relay. */
export function createPlaceOrder(pool: Pool, onCommit: () => void): GroupCommit<PlaceOrder, PlaceOrderResult> {
  return createGroupCommit({
    maxGroupSize: MAX_GROUP_SIZE,
    maxWaiting: MAX_WAITING,
    commit: async (group: readonly PlaceOrder[]) => {
      const results = await placeGroup(pool, group);
      onCommit();
      return results;
    },
  });
}

/** One transaction: lock the products of all orders, decide each in memory, write all that were accepted. */
function placeGroup(pool: Pool, group: readonly PlaceOrder[]): Promise<PlaceOrderResult[]> {
  return withTransaction(pool, 'place orders', async (tx) => {
    const productIds = new Set(group.flatMap(({ lines }) => lines.map(({ productId }) => productId)));
    // Sent together; the database runs them in this order.
    const [catalogue, { now, ids }] = await Promise.all([
      lockProducts(tx, [...productIds]),
      readClockAndTakeIds(tx, group.length),
    ]);

    const accepted: NewOrder[] = [];
    const results = group.map((order, index): PlaceOrderResult => {
      const decision = decideOrder(order.lines, catalogue);
      if (decision.kind !== 'accepted') return decision;
      const placed = newOrder(order, decision, ids[index] as number, now);
      accepted.push(placed);
      return { kind: 'placed', orderId: placed.id, eventId: placed.event.id };
    });
    if (accepted.length > 0) await insertOrders(tx, accepted, now);
    return results;
  });
}

function newOrder(
  { customerId, traceparent }: PlaceOrder,
  { lines, totalCents }: Extract<OrderDecision, { kind: 'accepted' }>,
  id: number,
  now: Date,
): NewOrder {
  const facts = {
    orderId: id,
    customerId,
    total: amountOf(totalCents),
    items: lines.map(({ productId, category, quantity, priceCents }) => ({
      productId,
      category,
      quantity,
      price: amountOf(priceCents),
    })),
  };
  return { id, customerId, totalCents, lines, event: outboxRow('OrderCreated', facts, now, traceparent) };
}
