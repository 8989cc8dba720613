import type { QueryConfig } from 'pg';
import type { OrderEvent } from './order-event.js';

/**
 * The statements that any consumer of order events must run, for any number of events: the inbox, the views and the archive.
 * All references of the consumer use them, prepared once per connection.
 */
export function inboxStatement(events: readonly OrderEvent[]): QueryConfig {
  return {
    name: 'inbox',
    text: 'INSERT INTO processed_events (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id',
    values: [events.map(({ id }) => id)],
  };
}

export function viewStatements(events: readonly OrderEvent[]): QueryConfig[] {
  const products = sums(events, (event) => event.productId);
  const categories = sums(events, (event) => event.category);
  const customers = sums(events, (event) => event.customerId);
  const minutes = sums(events, (event) => `${event.occurredAt.slice(0, 16)}:00.000Z`);
  const hours = sums(events, (event) => `${event.occurredAt.slice(0, 13)}:00:00.000Z`);
  return [
    {
      name: 'orders-read',
      text: `INSERT INTO orders_read (order_id, customer_id, total, items, placed_at)
             SELECT id, customer, cents * 0.01, items, at
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::timestamptz[]) AS o (id, customer, cents, items, at)
             ON CONFLICT DO NOTHING`,
      values: [
        events.map(({ orderId }) => orderId),
        events.map(({ customerId }) => customerId),
        events.map(({ cents }) => cents),
        events.map(({ productId, category, cents }) =>
          JSON.stringify([{ productId, category, quantity: 1, price: cents / 100 }]),
        ),
        events.map(({ occurredAt }) => occurredAt),
      ],
    },
    {
      name: 'category-metrics',
      text: `INSERT INTO category_metrics_view AS v (category_name, total_revenue, total_orders)
             SELECT key, cents * 0.01, n FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS d (key, cents, n)
             ON CONFLICT (category_name) DO UPDATE SET total_revenue = v.total_revenue + EXCLUDED.total_revenue,
               total_orders = v.total_orders + EXCLUDED.total_orders`,
      values: columns(categories),
    },
    {
      name: 'customer-ltv',
      text: `INSERT INTO customer_ltv_view AS v (customer_id, total_spent, order_count, last_order_date)
             SELECT key, cents * 0.01, n, $4 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (key, cents, n)
             ON CONFLICT (customer_id) DO UPDATE SET total_spent = v.total_spent + EXCLUDED.total_spent,
               order_count = v.order_count + EXCLUDED.order_count,
               last_order_date = GREATEST(v.last_order_date, EXCLUDED.last_order_date)`,
      values: [...columns(customers), events.at(-1)?.occurredAt],
    },
    {
      name: 'hourly-sales',
      text: `INSERT INTO hourly_sales_view AS v (hour_timestamp, total_revenue, total_orders)
             SELECT key, cents * 0.01, n FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS d (key, cents, n)
             ON CONFLICT (hour_timestamp) DO UPDATE SET total_revenue = v.total_revenue + EXCLUDED.total_revenue,
               total_orders = v.total_orders + EXCLUDED.total_orders`,
      values: columns(hours),
    },
    {
      name: 'minute-sales',
      text: `INSERT INTO minute_sales_view AS v (minute_timestamp, total_revenue, total_orders)
             SELECT key, cents * 0.01, n FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS d (key, cents, n)
             ON CONFLICT (minute_timestamp) DO UPDATE SET total_revenue = v.total_revenue + EXCLUDED.total_revenue,
               total_orders = v.total_orders + EXCLUDED.total_orders`,
      values: columns(minutes),
    },
    {
      name: 'archive',
      text: `INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, app_id, body)
             SELECT id, 'OrderCreated', 'order-events', at, true, 'command-service', body
               FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS e (id, at, body)`,
      values: [
        events.map(({ id }) => id),
        events.map(({ occurredAt }) => occurredAt),
        events.map(({ body }) => body.toString()),
      ],
    },
    {
      name: 'product-sales',
      text: `INSERT INTO product_sales_view AS v (product_id, total_quantity_sold, total_revenue, order_count)
             SELECT key, n, cents * 0.01, n FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS d (key, cents, n)
             ON CONFLICT (product_id) DO UPDATE SET total_quantity_sold = v.total_quantity_sold + EXCLUDED.total_quantity_sold,
               total_revenue = v.total_revenue + EXCLUDED.total_revenue, order_count = v.order_count + EXCLUDED.order_count`,
      values: columns(products),
    },
  ];
}

/** Combines all statements into one, which is a transaction by itself, as in our consumer. */
export function viewCommit(events: readonly OrderEvent[]): QueryConfig {
  const statements = [...viewStatements(events), inboxStatement(events)];
  let before = 0;
  const texts = statements.map(({ text, values = [] }) => {
    const first = before;
    before += values.length;
    return text.replace(/\$(\d+)/g, (_, number) => `$${first + Number(number)}`);
  });
  const main = texts.pop();
  const withs = texts.map((text, index) => `statement${index} AS (${text})`);
  return {
    name: 'view-commit',
    text: `WITH ${withs.join(', ')} ${main}`,
    values: statements.flatMap(({ values = [] }) => values),
  };
}

type Sums = Map<string | number, { cents: number; orders: number }>;

function sums(events: readonly OrderEvent[], keyOf: (event: OrderEvent) => string | number): Sums {
  const byKey: Sums = new Map();
  for (const event of events) {
    const key = keyOf(event);
    const sum = byKey.get(key) ?? { cents: 0, orders: 0 };
    sum.cents += event.cents;
    sum.orders += 1;
    byKey.set(key, sum);
  }
  return byKey;
}

function columns(byKey: Sums): unknown[][] {
  const values = [...byKey.values()];
  return [[...byKey.keys()], values.map(({ cents }) => cents), values.map(({ orders }) => orders)];
}
