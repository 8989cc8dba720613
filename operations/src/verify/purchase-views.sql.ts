import { instant, money, type ViewCheck } from './view-check.js';

/** The views of purchases. Their key columns are joined to one text, which is unique because a branch's id has no space. */
const day = `to_char(day, 'YYYY-MM-DD')`;
const dayOfBranch = `branch_id || ' ' || ${day}`;

const dailySales: ViewCheck = {
  view: 'daily_sales_by_branch',
  order: 'bytes',
  have: `SELECT ${dayOfBranch} AS k, ${money('revenue_sum')} AS revenue_sum, items_sum::text AS items_sum,
                purchases_count::text AS purchases_count FROM daily_sales_by_branch ORDER BY (${dayOfBranch}) COLLATE "C"`,
  want: `SELECT k, ${money('sum(total)')} AS revenue_sum, sum(items)::text AS items_sum, count(*)::text AS purchases_count
           FROM (SELECT ${dayOfBranch} AS k, total, items FROM seen_purchases WHERE is_applied) p GROUP BY k ORDER BY k COLLATE "C"`,
  contributions: {
    of: 'seen_purchases',
    columns: ['revenue_sum', 'items_sum', 'purchases_count'],
    select: `SELECT n, total AS revenue_sum, items AS items_sum, 1 AS purchases_count
               FROM seen_purchases WHERE ${dayOfBranch} = $1::text`,
  },
};

const productKey = `${dayOfBranch} || ' ' || product_id`;
const productSalesDaily: ViewCheck = {
  view: 'product_sales_daily',
  order: 'bytes',
  have: `SELECT ${productKey} AS k, qty_sum::text AS qty_sum, ${money('revenue_sum')} AS revenue_sum
           FROM product_sales_daily ORDER BY (${productKey}) COLLATE "C"`,
  want: `SELECT k, sum(quantity)::text AS qty_sum, ${money('sum(quantity * price)')} AS revenue_sum
           FROM (SELECT ${productKey} AS k, quantity, price FROM seen_purchase_lines WHERE is_applied) l
          GROUP BY k ORDER BY k COLLATE "C"`,
  contributions: {
    of: 'seen_purchases',
    columns: ['qty_sum', 'revenue_sum'],
    select: `SELECT n, sum(quantity) AS qty_sum, sum(quantity * price) AS revenue_sum
               FROM seen_purchase_lines WHERE ${productKey} = $1::text GROUP BY n`,
  },
};

const customerKey = `branch_id || ' ' || customer_id`;
const customerLoyalty: ViewCheck = {
  view: 'customer_loyalty',
  order: 'bytes',
  have: `SELECT ${customerKey} AS k, purchases_count::text AS purchases_count, ${money('total_spent')} AS total_spent,
                ${instant('last_purchase_at')} AS last_purchase_at
           FROM customer_loyalty ORDER BY (${customerKey}) COLLATE "C"`,
  want: `SELECT k, count(*)::text AS purchases_count, ${money('sum(total)')} AS total_spent,
                ${instant('max(placed_at)')} AS last_purchase_at
           FROM (SELECT ${customerKey} AS k, total, placed_at FROM seen_purchases WHERE is_applied) p GROUP BY k ORDER BY k COLLATE "C"`,
  contributions: {
    of: 'seen_purchases',
    columns: ['purchases_count', 'total_spent'],
    select: `SELECT n, 1 AS purchases_count, total AS total_spent FROM seen_purchases WHERE ${customerKey} = $1::text`,
  },
};

const visitKey = `${dayOfBranch} || ' ' || customer_id`;
const customersDaily: ViewCheck = {
  view: 'customers_daily',
  filledWith: 'unique_customers_daily',
  order: 'bytes',
  have: `SELECT ${visitKey} AS k FROM customers_daily ORDER BY (${visitKey}) COLLATE "C"`,
  want: `SELECT DISTINCT (${visitKey}) COLLATE "C" AS k FROM seen_purchases WHERE is_applied ORDER BY k`,
};

const uniqueCustomers: ViewCheck = {
  view: 'unique_customers_daily',
  order: 'bytes',
  have: `SELECT ${dayOfBranch} AS k, customers_count::text AS customers_count
           FROM unique_customers_daily ORDER BY (${dayOfBranch}) COLLATE "C"`,
  want: `SELECT k, count(DISTINCT customer_id)::text AS customers_count
           FROM (SELECT ${dayOfBranch} AS k, customer_id FROM seen_purchases WHERE is_applied) p GROUP BY k ORDER BY k COLLATE "C"`,
};

export const purchaseChecks = [dailySales, productSalesDaily, customerLoyalty, customersDaily, uniqueCustomers];
