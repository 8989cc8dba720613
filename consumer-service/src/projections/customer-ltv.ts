import { inMilliseconds } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Spend, orders and last order per customer: sums and a maximum, so events may come in any order. */
interface Delta {
  readonly customerId: number;
  spentCents: bigint;
  orders: number;
  lastOrderAt: string;
}

const customerLtv: View<Delta, number> = {
  table: 'customer_ltv_view',
  zero: (customerId) => ({ customerId, spentCents: 0n, orders: 0, lastOrderAt: '' }),
  upsert: (deltas) => ({
    name: 'upsert-customer-ltv',
    sql: `
        INSERT INTO customer_ltv_view AS v (customer_id, total_spent, order_count, last_order_date)
        SELECT id, cents * 0.01, orders, last_at
          FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS d (id, cents, orders, last_at)
        ON CONFLICT (customer_id) DO UPDATE SET
          total_spent = v.total_spent + EXCLUDED.total_spent,
          order_count = v.order_count + EXCLUDED.order_count,
          last_order_date = GREATEST(v.last_order_date, EXCLUDED.last_order_date)`,
    values: [
      deltas.map((d) => d.customerId),
      deltas.map((d) => d.spentCents),
      deltas.map((d) => d.orders),
      deltas.map((d) => d.lastOrderAt),
    ],
  }),
};

export const customerLtvOfOrderCreated = projection('OrderCreated', customerLtv, (event, deltaOf) => {
  const delta = deltaOf(event.customerId);
  delta.spentCents += BigInt(exactCents(event.total));
  delta.orders += 1;
  const at = inMilliseconds(event.occurredAt);
  if (at > delta.lastOrderAt) delta.lastOrderAt = at;
});
