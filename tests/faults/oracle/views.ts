import type pg from 'pg';

/** `expected` computes the rows of a view from the orders, and `actual` reads them. Their columns are equal; amounts are cents. */
interface ViewPair {
  readonly view: string;
  readonly expected: string;
  readonly actual: string;
}

const cents = (amount: string) => `(COALESCE(${amount}, 0) * 100)::numeric(40, 0)::text`;

/** This SQL shares nothing with the consumer, so that it does not repeat an error of a projection. */
const viewPairs: readonly ViewPair[] = [
  {
    view: 'product_sales_view',
    expected: `SELECT p.id::text AS key, COALESCE(sum(i.quantity), 0)::text AS units, ${cents('sum(i.quantity * i.price)')} AS cents,
                      count(DISTINCT i.order_id)::text AS orders
                 FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.id`,
    actual: `SELECT product_id::text AS key, total_quantity_sold::text AS units, ${cents('total_revenue')} AS cents, order_count::text AS orders
               FROM product_sales_view`,
  },
  {
    view: 'category_metrics_view',
    expected: `SELECT p.category AS key, ${cents('sum(i.quantity * i.price)')} AS cents, count(DISTINCT i.order_id)::text AS orders
                 FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.category`,
    actual: `SELECT category_name AS key, ${cents('total_revenue')} AS cents, total_orders::text AS orders FROM category_metrics_view`,
  },
  {
    view: 'customer_ltv_view',
    expected: `SELECT customer_id::text AS key, ${cents('sum(total)')} AS cents, count(*)::text AS orders, max(created_at)::text AS last
                 FROM orders GROUP BY customer_id`,
    actual: `SELECT customer_id::text AS key, ${cents('total_spent')} AS cents, order_count::text AS orders, last_order_date::text AS last
               FROM customer_ltv_view`,
  },
  {
    view: 'hourly_sales_view',
    expected: `SELECT date_trunc('hour', created_at, 'UTC')::text AS key, ${cents('sum(total)')} AS cents, count(*)::text AS orders
                 FROM orders GROUP BY 1`,
    actual: `SELECT hour_timestamp::text AS key, ${cents('total_revenue')} AS cents, total_orders::text AS orders FROM hourly_sales_view`,
  },
  {
    view: 'minute_sales_view',
    expected: `SELECT date_trunc('minute', created_at, 'UTC')::text AS key, ${cents('sum(total)')} AS cents, count(*)::text AS orders
                 FROM orders GROUP BY 1`,
    actual: `SELECT minute_timestamp::text AS key, ${cents('total_revenue')} AS cents, total_orders::text AS orders FROM minute_sales_view`,
  },
  {
    view: 'orders_read',
    expected: `SELECT id::text AS key, customer_id::text AS customer, ${cents('total')} AS cents, created_at::text AS at FROM orders`,
    actual: `SELECT order_id::text AS key, customer_id::text AS customer, ${cents('total')} AS cents, placed_at::text AS at FROM orders_read`,
  },
  {
    view: 'products_read',
    expected: `SELECT id::text AS key, name, category, ${cents('price')} AS cents FROM products`,
    actual: `SELECT product_id::text AS key, name, category, ${cents('price')} AS cents FROM products_read`,
  },
];

const SHOWN = 5;

/** Returns the rows that differ in each view, to the cent. */
export async function differingViews({ write, read }: Readonly<Record<'write' | 'read', pg.Pool>>): Promise<string[]> {
  const faults: string[] = [];
  for (const { view, expected, actual } of viewPairs) {
    const [wanted, found] = await Promise.all([write.query<Row>(expected), read.query<Row>(actual)]);
    const differing = differences(wanted.rows, found.rows);
    for (const line of differing.slice(0, SHOWN)) faults.push(`${view}: ${line}`);
    if (differing.length > SHOWN) faults.push(`${view}: ${differing.length - SHOWN} more rows differ`);
  }
  return faults;
}

interface Row {
  readonly key: string;
}

function differences(wanted: readonly Row[], found: readonly Row[]): string[] {
  const byKey = new Map(found.map((row) => [row.key, JSON.stringify(row)]));
  const lines = wanted.flatMap((row) => {
    const is = byKey.get(row.key);
    byKey.delete(row.key);
    const should = JSON.stringify(row);
    return is === should ? [] : [`should be ${should}, is ${is ?? 'missing'}`];
  });
  return [...lines, ...[...byKey.values()].map((row) => `should not be there: ${row}`)];
}
