import { createGroupCommit, type GroupCommit } from '@tallyline/chassis/batching/group-commit';
import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { claimKeys, storeResults } from '../idempotency/idempotency.sql.js';
import type { KeyConflict, RequestKey } from '../idempotency/idempotency-key.js';
import type { HandOver } from '../outbox/hand-over.js';
import type { OutboxRow } from '../outbox/outbox-row.js';
import { lockProducts } from '../products/products.sql.js';
import { type AcceptedOrder, decideOrder, type OrderDecision, type OrderLine } from './decide-order.js';
import { newOrder } from './new-order.js';
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
  onGroup: (size: number) => void = () => undefined,
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
  const work = async (tx: Tx) => {
    const productIds = new Set(group.flatMap(({ lines }) => lines.map(({ productId }) => productId)));
    // Sent together; the database runs them in this order.
    const [claims, catalogue, { now, ids }] = await Promise.all([
      claimKeys<OrderResult>(
        tx,
        KEY_SCOPE,
        group.map(({ requestKey }) => requestKey),
      ),
      lockProducts(tx, [...productIds]),
      readClockAndTakeIds(tx, group.length),
    ]);

    const retryAt = handOver.claimableFrom(now);
    const accepted: NewOrder[] = [];
    const keyed: (RequestKey & { result: OrderResult })[] = [];
    const place = ({ customerId, traceparent }: PlaceOrder, decision: AcceptedOrder, id: number): Placed => {
      const event = { now, retryAt, traceparent, placedAt: now };
      const placed = newOrder({ id, customerId, ...decision }, event);
      accepted.push(placed);
      return { kind: 'placed', orderId: id, eventId: placed.event.id };
    };
    const answers = group.map((order, index): PlaceOrderAnswer => {
      const claim = claims[index];
      if (claim?.kind === 'done') return { result: claim.result, replayed: true };
      if (claim !== undefined && claim.kind !== 'new') return claim;
      const decision = decideOrder(order.lines, catalogue);
      const result = decision.kind === 'accepted' ? place(order, decision, ids[index] as number) : decision;
      if (order.requestKey && isKept(result)) keyed.push({ ...order.requestKey, result });
      return { result, replayed: false };
    });
    tx.commitBehind([...insertOrders(accepted), ...storeResults(KEY_SCOPE, keyed)]);
    return { answers, events: accepted.map(({ event }) => event) };
  };
  return withTransaction(pool, 'place orders', work, { readsFirst: true });
}

/** An unknown product is a faulty request, like a faulty field: mended, it may come again under its key. */
function isKept(result: OrderResult): boolean {
  return result.kind !== 'unknown-product';
}
