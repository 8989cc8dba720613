import type { Check } from './judge.js';

interface StoredOrder {
  readonly traceparent: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly cents: string;
}

/** Checks that an accepted request is stored once and as sent, an unanswered one at most once, and a refused one never. */
export const checkAnswers: Check = async ({ world, requests }) => {
  const { rows } = await world.write.query<StoredOrder>(`
    SELECT outbox.traceparent, orders.id::text AS "orderId", orders.customer_id::text AS "customerId",
           (orders.total * 100)::bigint::text AS cents
      FROM outbox JOIN orders ON orders.id = (outbox.payload ->> 'orderId')::bigint
     WHERE outbox.topic = 'order.created'`);
  const stored = new Map<string, StoredOrder[]>();
  for (const row of rows) stored.set(row.traceparent, [...(stored.get(row.traceparent) ?? []), row]);
  const faults = requests.flatMap((request) => {
    const orders = stored.get(request.traceparent) ?? [];
    stored.delete(request.traceparent);
    const name = `request ${request.key ?? request.traceparent} (${request.outcome}, sent ${request.attempts} times)`;
    if (orders.length > 1) return [`${name} is stored ${orders.length} times: orders ${orders.map((o) => o.orderId)}`];
    const [order] = orders;
    if (request.outcome === 'refused') return order ? [`${name} was refused and stored as order ${order.orderId}`] : [];
    if (order === undefined) return request.outcome === 'accepted' ? [`${name} was answered 201 and is lost`] : [];
    const right =
      Number(order.customerId) === request.customerId &&
      Number(order.cents) === request.totalCents &&
      (request.orderId === undefined || Number(order.orderId) === request.orderId);
    return right ? [] : [`${name} is stored as ${JSON.stringify(order)}, not with ${request.totalCents} cents`];
  });
  return [...faults, ...[...stored.keys()].map((traceparent) => `order of ${traceparent} was never sent`)];
};
