import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { id, MAX_ORDER_LINES, quantity } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { decideOrder, type OrderDecision } from '../orders/decide-order.js';
import { newOrder } from '../orders/new-order.js';
import { insertOrders, type NewOrder, readClockAndTakeIds } from '../orders/orders.sql.js';
import { lockProducts } from '../products/products.sql.js';

/** PostgreSQL knows no year 0, and no shop has orders from before computers. */
const EPOCH = new Date(0);
const CLOCK_TOLERANCE_MS = 60_000;

/** An order that was placed elsewhere, some time ago. */
export const pastOrder = z.strictObject({
  placedAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .refine(
      (time) => time >= EPOCH && time.getTime() <= Date.now() + CLOCK_TOLERANCE_MS,
      'must be of 1970 or later, and past',
    ),
  customerId: id,
  items: z
    .array(z.strictObject({ productId: id, quantity }))
    .min(1)
    .max(MAX_ORDER_LINES),
});

/** Why an order of a group was not stored; `index` is its place in the group. */
export interface Refusal {
  readonly index: number;
  readonly reason: string;
}

export type PastOrder = z.output<typeof pastOrder>;

/**
 * Stores orders of the past under the rules of orders of today: catalogue price, stock, and one event each, in one
 * transaction. The event says when the order was placed; its id says when it was committed, and that is what lag is about.
 */
export function importOrders(
  pool: Pool,
  group: readonly PastOrder[],
  traceparent: string,
): Promise<readonly Refusal[]> {
  return withTransaction(pool, 'import orders', async (tx) => {
    const productIds = new Set(group.flatMap(({ items }) => items.map(({ productId }) => productId)));
    const [catalogue, { now, ids }] = await Promise.all([
      lockProducts(tx, [...productIds]),
      readClockAndTakeIds(tx, group.length),
    ]);
    const refusals: Refusal[] = [];
    const accepted = group.flatMap(({ placedAt, customerId, items }, index): NewOrder[] => {
      const lines = items.map((item) => ({ ...item, priceCents: undefined }));
      const decision = decideOrder(lines, catalogue);
      if (decision.kind !== 'accepted') {
        refusals.push({ index, reason: reasonOf(decision) });
        return [];
      }
      const accepted = { id: ids[index] as number, customerId, ...decision };
      return [newOrder(accepted, { now, placedAt, traceparent, retryAt: undefined })];
    });
    tx.commitBehind(insertOrders(accepted));
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
