import { id, MAX_ORDER_LINES, quantity } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { decideOrder, type OrderDecision } from '../../orders/decide-order.js';
import { orderCreated } from '../../orders/order-created.js';
import { insertOrders, type NewOrder, readClockAndTakeIds } from '../../orders/orders.sql.js';
import { emit, type WriteDatabase, withEvents } from '../../outbox/emit.js';
import { lockProducts } from '../../products/products.sql.js';

/** Earlier times are refused: PostgreSQL has no year 0, and no shop has orders from before computers. */
const EPOCH = new Date(0);
const CLOCK_TOLERANCE_MS = 60_000;

/** An order that was placed elsewhere, some time ago. */
export const pastOrder = z.strictObject({
  placedAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .refine(
      (time) => time >= EPOCH && time.getTime() <= Date.now() + CLOCK_TOLERANCE_MS,
      'must be in 1970 or later, and not in the future',
    ),
  customerId: id,
  items: z
    .array(z.strictObject({ productId: id, quantity }))
    .min(1)
    .max(MAX_ORDER_LINES),
});

/** An order that was not stored, and the reason. */
export interface Refusal {
  /** Position of the order in its group. */
  readonly index: number;
  readonly reason: string;
}

export type PastOrder = z.output<typeof pastOrder>;

/**
 * Stores orders of the past in one transaction, by the rules of new orders: catalogue price, stock, and one event each. The
 * event says when the order was placed. Its id contains the time of the commit, from which lag is computed.
 */
export function importOrders(
  database: WriteDatabase,
  group: readonly PastOrder[],
  traceparent: string,
): Promise<readonly Refusal[]> {
  return withEvents(database, 'import orders', async (tx) => {
    const productIds = new Set(group.flatMap(({ items }) => items.map(({ productId }) => productId)));
    const [catalogue, { now, ids }] = await Promise.all([
      lockProducts(tx, [...productIds]),
      readClockAndTakeIds(tx, group.length),
    ]);
    const refusals: Refusal[] = [];
    const accepted: NewOrder[] = [];
    group.forEach(({ placedAt, customerId, items }, index) => {
      const lines = items.map((item) => ({ ...item, priceCents: undefined }));
      const decision = decideOrder(lines, catalogue);
      if (decision.kind === 'accepted') accepted.push({ id: ids[index] as number, customerId, placedAt, ...decision });
      else refusals.push({ index, reason: reasonOf(decision) });
    });
    const events = accepted.map((order) => emit(tx, now, orderCreated(order, traceparent)));
    if (accepted.length > 0) tx.commitBehind([insertOrders(accepted, events)]);
    return refusals;
  });
}

function reasonOf(decision: Exclude<OrderDecision, { kind: 'accepted' }>): string {
  const faults = decision.faults.map((fault) =>
    'left' in fault
      ? `product ${fault.productId} has only ${fault.left} left`
      : `product ${fault.productId} is unknown`,
  );
  return [...new Set(faults)].join(', ');
}
