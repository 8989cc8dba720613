import { createGroupCommit, type GroupCommit } from '@tallyline/chassis/batching/group-commit';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { claimKeys, type KeyedResult, storeResults } from '../idempotency/idempotency.sql.js';
import type { KeyConflict, RequestKey } from '../idempotency/idempotency-key.js';
import type { OutboxRow } from '../outbox/emit.js';
import { emit, lockThenWrite, type WriteDatabase } from '../outbox/emit.js';
import { lockProducts } from '../products/products.sql.js';
import { decideOrder, type OrderDecision, type OrderLine } from './decide-order.js';
import { orderCreated } from './order-created.js';
import { insertOrders, type NewOrder, readClockAndTakeIds } from './orders.sql.js';

export interface PlaceOrder {
  readonly customerId: number;
  readonly lines: readonly OrderLine[];
  readonly traceparent: string;
  readonly requestKey: RequestKey | undefined;
}

export type Placed = { readonly kind: 'placed'; readonly orderId: number; readonly eventId: string };
export type OrderResult = Placed | Exclude<OrderDecision, { kind: 'accepted' }>;
export type PlaceOrderAnswer =
  | { readonly kind: KeyConflict }
  /** If `replayed` is true, an earlier request had the same key, and this is the result of that request. */
  | { readonly result: OrderResult; readonly replayed: boolean };

/** In larger groups, the first order waits longer, but no more orders are stored per second. */
const MAX_GROUP_SIZE = 100;
const MAX_WAITING = 5_000;

const KEY_SCOPE = 'orders';

/** Places orders that arrive at the same time in one shared transaction. */
export function createPlaceOrder(
  database: WriteDatabase,
  onGroup: (size: number) => void = () => undefined,
): GroupCommit<PlaceOrder, PlaceOrderAnswer> {
  return createGroupCommit({
    maxGroupSize: MAX_GROUP_SIZE,
    maxWaiting: MAX_WAITING,
    onGroup,
    commit: (group: readonly PlaceOrder[]) => placeGroup(database, group),
  });
}

function placeGroup(database: WriteDatabase, group: readonly PlaceOrder[]): Promise<PlaceOrderAnswer[]> {
  const lockGroup = (tx: Tx) => lock(tx, group);
  return lockThenWrite(database, 'place orders', lockGroup, async (tx, { claims, catalogue, now, ids }) => {
    const accepted: NewOrder[] = [];
    const events: OutboxRow[] = [];
    const place = ({ customerId, lines, traceparent }: PlaceOrder, id: number): OrderResult => {
      const decision = decideOrder(lines, catalogue);
      if (decision.kind !== 'accepted') return decision;
      const order = { id, customerId, totalCents: decision.totalCents, lines: decision.lines, placedAt: now };
      const event = emit(tx, now, orderCreated(order, traceparent));
      accepted.push(order);
      events.push(event);
      return { kind: 'placed', orderId: id, eventId: event.id };
    };

    const keyed: KeyedResult[] = [];
    const answers = group.map((order, index): PlaceOrderAnswer => {
      const claim = claims[index];
      if (claim?.kind === 'done') return { result: claim.result, replayed: true };
      if (claim !== undefined && claim.kind !== 'new') return claim;
      const result = place(order, ids[index] as number);
      if (order.requestKey && isKept(result)) keyed.push({ ...order.requestKey, result });
      return { result, replayed: false };
    });
    if (accepted.length > 0) tx.commitBehind([insertOrders(accepted, events)]);
    if (keyed.length > 0) tx.commitBehind([storeResults(KEY_SCOPE, keyed)]);
    return answers;
  });
}

/** Locks what the group needs. The statements are sent together, and the database runs them in this order. */
async function lock(tx: Tx, group: readonly PlaceOrder[]) {
  const keys = group.map(({ requestKey }) => requestKey);
  const productIds = new Set(group.flatMap(({ lines }) => lines.map(({ productId }) => productId)));
  const [claims, catalogue, { now, ids }] = await Promise.all([
    claimKeys<OrderResult>(tx, KEY_SCOPE, keys),
    lockProducts(tx, [...productIds]),
    readClockAndTakeIds(tx, group.length),
  ]);
  return { claims, catalogue, now, ids };
}

/** An unknown product is an error of the request, like an invalid field. The corrected request may use the same key. */
function isKept(result: OrderResult): boolean {
  return result.kind !== 'unknown-product';
}
