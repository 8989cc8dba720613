import type pg from 'pg';

export const PRODUCTS = 1_000;
export const productIds: readonly number[] = Array.from({ length: PRODUCTS }, (_, index) => index + 1);
export const CUSTOMERS = 10_000;
export const CATEGORIES = 10;

/** No run sells more than this. */
const STOCK = 2_000_000_000;

export function priceOf(productId: number): number {
  return 5 + (productId % 100) + 0.99;
}

export async function seedProducts(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO products (id, name, category, price, stock)
     SELECT n, 'Product ' || n, 'Category ' || n % $2, 5.99 + n % 100, $3::bigint FROM generate_series(1, $1) AS n`,
    [PRODUCTS, CATEGORIES, STOCK],
  );
  await client.query(`SELECT setval('products_id_seq', $1)`, [PRODUCTS]);
  // Empty tables must not be analysed: a cached plan would then read the whole table, for the life of its connection.
  await client.query('VACUUM ANALYZE products');
}

/** SQL for the OrderCreated body of order number `n`, as command-service writes it. */
const ORDER_PAYLOAD = `jsonb_build_object(
  'eventId', id, 'eventType', 'OrderCreated', 'occurredAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'orderId', n, 'customerId', 1 + n % ${CUSTOMERS}, 'total', 5.99 + n % 100,
  'items', jsonb_build_array(jsonb_build_object(
    'productId', 1 + n % ${PRODUCTS}, 'category', 'Category ' || n % ${CATEGORIES}, 'quantity', 1, 'price', 5.99 + n % 100)))`;

/** SQL for number, time and id (UUIDv7) of $2 events: numbered from $1, one per millisecond, the last one $3 before now. */
const NUMBERED = `
  SELECT n, at, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
                 || '8' || lpad(to_hex(n), 15, '0'))::uuid AS id
    FROM (SELECT n, date_trunc('milliseconds', now() - $3::interval - ($1::bigint + $2::bigint - n) * interval '1 ms') AS at
            FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS n) AS numbered`;

/** Writes unpublished outbox rows without their orders, as after a day without a broker. */
export async function seedBacklog(client: pg.Client, first: number, count: number): Promise<void> {
  await client.query(
    `INSERT INTO outbox (id, topic, payload, traceparent, created_at)
     SELECT id, 'order.created', ${ORDER_PAYLOAD}, '00-' || lpad(to_hex(n), 32, '1') || '-' || lpad(to_hex(n), 16, '1') || '-01', at
       FROM (${NUMBERED}) AS event`,
    [first, count, '0 s'],
  );
  await client.query('ANALYZE outbox');
}

/** Writes `count` orders with items and published outbox rows, a day old. Triggers are off, because the rows are valid. */
export async function seedWriteHistory(client: pg.Client, count: number): Promise<void> {
  await client.query('SET session_replication_role = replica');
  await client.query(
    `WITH event AS MATERIALIZED (${NUMBERED}), placed AS (
       INSERT INTO orders (id, customer_id, total, created_at)
       SELECT n, 1 + n % ${CUSTOMERS}, 5.99 + n % 100, at FROM event
     ), lines AS (
       INSERT INTO order_items (order_id, line, product_id, category, quantity, price)
       SELECT n, 1, 1 + n % ${PRODUCTS}, 'Category ' || n % ${CATEGORIES}, 1, 5.99 + n % 100 FROM event
     )
     INSERT INTO outbox (id, topic, payload, created_at, published_at)
     SELECT id, 'order.created', ${ORDER_PAYLOAD}, at, at FROM event`,
    [1, count, '1 day'],
  );
  await client.query(`SELECT setval('orders_id_seq', $1)`, [count]);
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
}

/** Writes the same orders on the read side: in the inbox, the ledger and the views. */
export async function seedReadHistory(client: pg.Client, count: number): Promise<void> {
  const parameters = [1, count, '1 day'];
  await client.query(
    `INSERT INTO processed_events (event_id, processed_at) SELECT id, at FROM (${NUMBERED}) AS event`,
    parameters,
  );
  await client.query(
    `INSERT INTO orders_read (order_id, customer_id, total, items, placed_at)
     SELECT n, 1 + n % ${CUSTOMERS}, 5.99 + n % 100, ${ORDER_PAYLOAD} -> 'items', at FROM (${NUMBERED}) AS event`,
    parameters,
  );
  await client.query(
    `INSERT INTO event_ledger (second, committed, settled, first_at, last_settled_at)
     SELECT date_trunc('second', at), count(*), count(*), min(at), max(at) FROM (${NUMBERED}) AS event GROUP BY 1`,
    parameters,
  );
  await client.query(
    `INSERT INTO customer_ltv_view SELECT customer_id, sum(total), count(*), max(placed_at) FROM orders_read GROUP BY 1`,
  );
  await client.query(
    `INSERT INTO hourly_sales_view SELECT date_trunc('hour', placed_at), count(*), sum(total) FROM orders_read GROUP BY 1`,
  );
  await seedProductViews(client, count / PRODUCTS);
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
}

/** Writes the view rows that the measured query reads, each with `orders` orders. */
export async function seedProductViews(client: pg.Client, orders: number): Promise<void> {
  await client.query(
    `INSERT INTO product_sales_view (product_id, total_quantity_sold, total_revenue, order_count)
     SELECT n, $2::bigint, $2::bigint * (5.99 + n % 100), $2::bigint FROM generate_series(1, $1) AS n
     ON CONFLICT DO NOTHING`,
    [PRODUCTS, Math.round(orders)],
  );
}
