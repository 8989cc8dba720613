/** Each view as the orders say it must be, and as it is: same columns, same order, amounts in cents. */
export interface ViewPair {
  readonly view: string;
  readonly expected: string;
  readonly actual: string;
}

const cents = (amount: string) => `(COALESCE(${amount}, 0) * 100)::numeric(40, 0)::text`;

export const viewPairs: readonly ViewPair[] = [
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
    expected: `SELECT date_trunc('hour', created_at)::text AS key, ${cents('sum(total)')} AS cents, count(*)::text AS orders
                 FROM orders GROUP BY 1`,
    actual: `SELECT hour_timestamp::text AS key, ${cents('total_revenue')} AS cents, total_orders::text AS orders FROM hourly_sales_view`,
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
