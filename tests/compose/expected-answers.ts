/** Formats a timestamptz as the API does. */
const instant = (sql: string) => `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Computes the answers that query-service must give, from the orders in the write database: { path: answer }.
 * NUMERIC becomes the same JSON number on both sides, so equal answers are equal to the cent.
 */
export const EXPECTED_ANSWERS = `
WITH line AS (
  SELECT i.order_id, i.product_id, i.quantity, i.price, i.quantity * i.price AS revenue, p.category, o.customer_id
  FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
)
SELECT json_object_agg(path, answer) FROM (
  SELECT '/api/analytics/products/' || p.id || '/sales' AS path, json_build_object(
    'productId', p.id, 'totalQuantitySold', coalesce(sum(quantity), 0),
    'totalRevenue', coalesce(sum(revenue), 0), 'orderCount', count(DISTINCT order_id)) AS answer
  FROM products p LEFT JOIN line ON product_id = p.id GROUP BY p.id
  UNION ALL
  SELECT '/api/products/' || id, json_build_object(
    'productId', id, 'name', name, 'category', category, 'price', price, 'unitsLeft', stock, 'createdAt', ${instant('created_at')})
  FROM products
  UNION ALL
  SELECT '/api/analytics/categories/' || category || '/revenue', json_build_object(
    'category', category, 'totalRevenue', sum(revenue), 'totalOrders', count(DISTINCT order_id))
  FROM line GROUP BY category
  UNION ALL
  SELECT '/api/analytics/customers/' || customer_id || '/' || name, json_build_object(
    'customerId', customer_id, 'totalSpent', sum(total), 'orderCount', count(*),
    'lastOrderDate', ${instant('max(created_at)')})
  FROM orders, unnest(ARRAY['lifetime-value', 'ltv']) AS name GROUP BY customer_id, name
) AS views`;

/** Selects the orders with their totals, newest first, and the hours in which something was sold. */
export const STORED_ORDERS = `
SELECT json_build_object(
  'orders', (SELECT json_agg(json_build_object('orderId', id, 'total', total) ORDER BY id DESC) FROM orders),
  'hours', (SELECT json_agg(json_build_object(
      'hour', ${instant('hour')}, 'totalOrders', orders, 'totalRevenue', revenue) ORDER BY hour)
    FROM (SELECT date_trunc('hour', created_at, 'UTC') AS hour, count(*) AS orders, sum(total) AS revenue
      FROM orders GROUP BY hour) AS sold))`;
