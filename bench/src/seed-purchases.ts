import type pg from 'pg';
import { PRODUCTS } from './seed.js';

/** Three years: 1,000,000 purchases are then 300 a day in each of three branches. */
const DAYS = 1_096;
const CUSTOMERS_PER_BRANCH = 50_000;

/**
 * Writes the views of purchases of two items: `count` purchases are spread evenly over the last three years, and those of the
 * last `days` are written. Rows are written day by day, so that the rows of a day are neighbours on disk, as in production.
 */
export async function seedPurchaseViews(client: pg.Client, count: number, days = DAYS): Promise<void> {
  await client.query(
    `CREATE TEMP TABLE purchase AS
     SELECT n, current_date - (n % ${DAYS})::int AS day, b.id AS branch_id,
            md5(b.id || (n * 7919 % ${CUSTOMERS_PER_BRANCH}))::uuid AS customer_id,
            1 + n * 104729 % ${PRODUCTS} AS first_product, 1 + (n * 15485863 + 7) % ${PRODUCTS} AS second_product
       FROM generate_series(0, $1::bigint - 1) AS n
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM branches) b ON b.place = n / ${DAYS} % 3
      WHERE n % ${DAYS} < $2::int`,
    [count, days],
  );
  for (const statement of [
    `INSERT INTO daily_sales_by_branch
     SELECT day, branch_id, count(*) * 12.34, count(*) * 2, count(*) FROM purchase GROUP BY 1, 2 ORDER BY 1`,
    `INSERT INTO product_sales_daily
     SELECT day, branch_id, product, count(*), count(*) * 6.17
       FROM purchase, LATERAL (VALUES (first_product), (second_product)) AS item (product) GROUP BY 1, 2, 3 ORDER BY 1`,
    `INSERT INTO customer_loyalty
     SELECT customer_id, branch_id, count(*), count(*) * 12.34, max(day) FROM purchase GROUP BY 1, 2`,
    'INSERT INTO customers_daily SELECT DISTINCT day, branch_id, customer_id FROM purchase ORDER BY 1',
    'INSERT INTO unique_customers_daily SELECT day, branch_id, count(*) FROM customers_daily GROUP BY 1, 2 ORDER BY 1',
    'VACUUM ANALYZE',
    'CHECKPOINT',
  ]) {
    await client.query(statement);
  }
}
