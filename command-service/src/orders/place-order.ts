import { createGroupCommit, type GroupCommit } from '@tallyline/chassis/group-commit';
import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres';
import { amountOf } from '@tallyline/contracts/money';
import { claimKeys, type KeyClaim, storeResults } from '../idempotency/idempotency.sql.js';
import type { KeyConflict, RequestKey } from '../idempotency/idempotency-key.js';
import type { HandOver } from '../outbox/hand-over.js';
import { type OutboxRow, outboxRow } from '../outbox/outbox-row.js';
import { lockProducts } from '../products/products.sql.js';
import { decideOrder, type OrderDecision, type OrderLine } from './decide-order.js';
import { insertOrders, type NewOrder, readClockAndTakeIds } from './orders.sql.js';

export interface PlaceOrder {
  readonly customerId: number;
  readonly lines: readonly OrderLine[];
  readonly traceparent: string;
  readonly requestKey: RequestKey | undefined;
}

export type Placed = { readonly kind: 'placed'; readonly orderId: number; readonly eventId: string };
export type OrderResult = Placed | Exclude<OrderDecision, { kind: 'accepted' }>;
/** `replayed`: this is the result that the request's key got before. */
export type PlaceOrderAnswer =
  | { readonly kind: KeyConflict }
  | { readonly result: OrderResult; readonly replayed: boolean };

/** 100 orders share a commit at most: beyond that the wait of the first grows faster than the throughput. */
const MAX_GROUP_SIZE = 100;
const MAX_WAITING = 5_000;

const KEY_SCOPE = 'orders';

/** Places orders in shared transactions, and hands over their events. */
export function createPlaceOrder(
  pool: Pool,
  handOver: HandOver,
  onGroup: (size: number) => void,
): GroupCommit<PlaceOrder, PlaceOrderAnswer> {
  return createGroupCommit({
    maxGroupSize: MAX_GROUP_SIZE,
    maxWaiting: MAX_WAITING,
    onGroup,
    commit: async (group: readonly PlaceOrder[]) => {
      const { answers, events } = await placeGroup(pool, group, handOver);
      handOver.committed(events);
      return answers;
    },
  });
}

/** One transaction: lock the products of all orders, decide each in memory, write all that were accepted. */
function placeGroup(
  pool: Pool,
  group: readonly PlaceOrder[],
  handOver: HandOver,
): Promise<{ answers: PlaceOrderAnswer[]; events: OutboxRow[] }> {
  return withTransaction(pool, 'place orders', async (tx) => {
    const productIds = new Set(group.flatMap(({ lines }) => lines.map(({ productId }) => productId)));
    // Sent together; the database runs them in this order.
    const [claims, catalogue, { now, ids }] = await Promise.all([
      claimKeysOf(tx, group),
      lockProducts(tx, [...productIds]),
      readClockAndTakeIds(tx, group.length),
    ]);

    const retryAt = handOver.claimableFrom(now);
    const accepted: NewOrder[] = [];
    const keyed: (RequestKey & { result: OrderResult })[] = [];
    const answers = group.map((order, index): PlaceOrderAnswer => {
      const claim = order.requestKey && claims.get(order);
      if (claim?.kind === 'done') return { result: claim.result, replayed: true };
      if (claim !== undefined && claim.kind !== 'new') return claim;
      const decision = decideOrder(order.lines, catalogue);
      const result = decision.kind === 'accepted' ? place(order, decision, ids[index] as number) : decision;
      if (order.requestKey && isKept(result)) keyed.push({ ...order.requestKey, result });
      return { result, replayed: false };
    });
    tx.commitBehind([...insertOrders(accepted), ...storeResults(KEY_SCOPE, keyed)]);
    return { answers, events: accepted.map(({ event }) => event) };

    function place(order: PlaceOrder, decision: Accepted, id: number): Placed {
      const placed = newOrder(order, decision, id, { now, retryAt });
      accepted.push(placed);
      return { kind: 'placed', orderId: id, eventId: placed.event.id };
    }
  });
}

type Accepted = Extract<OrderDecision, { kind: 'accepted' }>;

async function claimKeysOf(tx: Tx, group: readonly PlaceOrder[]): Promise<Map<PlaceOrder, KeyClaim<OrderResult>>> {
  const keyed = group.filter((order) => order.requestKey !== undefined);
  if (keyed.length === 0) return new Map();
  const keys = keyed.flatMap(({ requestKey }) => requestKey ?? []);
  const claims = await claimKeys<OrderResult>(tx, KEY_SCOPE, keys);
  return new Map(keyed.map((order, index) => [order, claims[index] as KeyClaim<OrderResult>]));
}

/** An unknown product is a faulty request, like a faulty field: mended, it may come again under its key. */
function isKept(result: OrderResult): boolean {
  return result.kind !== 'unknown-product';
}

function newOrder(
  { customerId, traceparent }: PlaceOrder,
  { lines, totalCents }: Accepted,
  id: number,
  { now, retryAt }: { now: Date; retryAt: Date | undefined },
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
  return {
    id,
    customerId,
    totalCents,
    lines,
    event: outboxRow('OrderCreated', facts, now, traceparent, { retryAt }),
    placedAt: now,
  };
}
