import { instant, money, type ViewCheck } from './view-check.js';

const text = (expression: string) => `${expression}::text`;
const items = (rows: string) => `(SELECT jsonb_agg(jsonb_build_array(
    (i->>'productId')::bigint, i->>'category', (i->>'quantity')::bigint, trim_scale((i->>'price')::numeric)) ORDER BY n)
    FROM jsonb_array_elements(${rows}) WITH ORDINALITY AS e (i, n))::text`;

const productSales: ViewCheck = {
  view: 'product_sales_view',
  order: 'number',
  have: `SELECT product_id AS k, ${text('total_quantity_sold')} AS total_quantity_sold, ${money('total_revenue')} AS total_revenue,
                ${text('order_count')} AS order_count FROM product_sales_view ORDER BY k`,
  want: `SELECT k, ${text('sum(quantity)')} AS total_quantity_sold, ${money('sum(revenue)')} AS total_revenue,
                ${text('count(DISTINCT n)')} AS order_count
           FROM (SELECT product_id AS k, NULL::bigint AS n, 0::bigint AS quantity, 0::numeric AS revenue FROM seen_products WHERE is_applied
                 UNION ALL
                 SELECT product_id, n, quantity, quantity * price FROM seen_order_lines WHERE is_applied) part GROUP BY k ORDER BY k`,
  contributions: {
    of: 'seen_orders',
    columns: ['total_quantity_sold', 'total_revenue', 'order_count'],
    select: `SELECT n, sum(quantity) AS total_quantity_sold, sum(quantity * price) AS total_revenue, 1 AS order_count
               FROM seen_order_lines WHERE product_id = $1::bigint GROUP BY n`,
  },
};

const categoryMetrics: ViewCheck = {
  view: 'category_metrics_view',
  order: 'bytes',
  have: `SELECT category_name AS k, ${money('total_revenue')} AS total_revenue, ${text('total_orders')} AS total_orders
           FROM category_metrics_view ORDER BY category_name COLLATE "C"`,
  want: `SELECT k, ${money('sum(revenue)')} AS total_revenue, ${text('count(DISTINCT n)')} AS total_orders
           FROM (SELECT category AS k, NULL::bigint AS n, 0::numeric AS revenue FROM seen_products WHERE is_applied
                 UNION ALL
                 SELECT category, n, quantity * price FROM seen_order_lines WHERE is_applied) part
          GROUP BY k ORDER BY k COLLATE "C"`,
  contributions: {
    of: 'seen_orders',
    columns: ['total_revenue', 'total_orders'],
    select: `SELECT n, sum(quantity * price) AS total_revenue, 1 AS total_orders
               FROM seen_order_lines WHERE category = $1::text GROUP BY n`,
  },
};

const customerLtv: ViewCheck = {
  view: 'customer_ltv_view',
  order: 'number',
  have: `SELECT customer_id AS k, ${money('total_spent')} AS total_spent, ${text('order_count')} AS order_count,
                ${instant('last_order_date')} AS last_order_date FROM customer_ltv_view ORDER BY k`,
  want: `SELECT customer_id AS k, ${money('sum(total)')} AS total_spent, ${text('count(*)')} AS order_count,
                ${instant('max(placed_at)')} AS last_order_date FROM seen_orders WHERE is_applied GROUP BY k ORDER BY k`,
  contributions: {
    of: 'seen_orders',
    columns: ['total_spent', 'order_count'],
    select: 'SELECT n, total AS total_spent, 1 AS order_count FROM seen_orders WHERE customer_id = $1::bigint',
  },
};

const salesPer = (unit: 'hour' | 'minute', view: string): ViewCheck => ({
  view,
  order: 'bytes',
  have: `SELECT ${instant(`${unit}_timestamp`)} AS k, ${text('total_orders')} AS total_orders, ${money('total_revenue')} AS total_revenue
           FROM ${view} ORDER BY ${unit}_timestamp`,
  want: `SELECT ${instant('bucket')} AS k, ${text('count(*)')} AS total_orders, ${money('sum(total)')} AS total_revenue
           FROM (SELECT date_trunc('${unit}', placed_at, 'UTC') AS bucket, total FROM seen_orders WHERE is_applied) placed
          GROUP BY bucket ORDER BY bucket`,
  contributions: {
    of: 'seen_orders',
    columns: ['total_orders', 'total_revenue'],
    select: `SELECT n, 1 AS total_orders, total AS total_revenue FROM seen_orders
              WHERE date_trunc('${unit}', placed_at, 'UTC') = $1::timestamptz`,
  },
});

const productsRead: ViewCheck = {
  view: 'products_read',
  order: 'number',
  rowOf: { table: 'seen_products', id: 'product_id' },
  have: `SELECT product_id AS k, name, category, ${money('price')} AS price, ${text('initial_stock')} AS initial_stock,
                ${instant('created_at')} AS created_at FROM products_read ORDER BY k`,
  want: `SELECT DISTINCT ON (product_id) product_id AS k, name, category, ${money('price')} AS price, ${text('initial_stock')} AS initial_stock,
                ${instant('created_at')} AS created_at FROM seen_products WHERE is_applied ORDER BY product_id, n DESC`,
};

const ordersRead: ViewCheck = {
  view: 'orders_read',
  order: 'number',
  rowOf: { table: 'seen_orders', id: 'order_id' },
  have: `SELECT order_id AS k, ${text('customer_id')} AS customer_id, ${money('total')} AS total, ${items('items')} AS items,
                ${instant('placed_at')} AS placed_at FROM orders_read ORDER BY order_id`,
  want: `SELECT DISTINCT ON (o.order_id) o.order_id AS k, ${text('o.customer_id')} AS customer_id, ${money('o.total')} AS total,
                l.items, ${instant('o.placed_at')} AS placed_at
           FROM seen_orders o JOIN (
             SELECT n, jsonb_agg(jsonb_build_array(product_id, category, quantity, trim_scale(price)) ORDER BY line)::text AS items
               FROM seen_order_lines WHERE is_applied GROUP BY n) l ON l.n = o.n
          WHERE o.is_applied ORDER BY o.order_id, o.n DESC`,
};

export const orderChecks = [
  productsRead,
  productSales,
  categoryMetrics,
  customerLtv,
  salesPer('hour', 'hourly_sales_view'),
  salesPer('minute', 'minute_sales_view'),
  ordersRead,
];
