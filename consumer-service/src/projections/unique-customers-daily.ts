import { view } from './view.js';

/**
 * Distinct customers per branch and day. The counts of two batches cannot be added, because a customer may be in both. So
 * customers_daily holds who came, and unique_customers_daily how many. A folded row is a row of customers_daily.
 */
export const uniqueCustomersDaily = view({
  table: 'unique_customers_daily',
  revision: 1,
  alsoWrites: ['customers_daily'],
  key: { day: 'date', branch_id: 'text', customer_id: 'uuid' },
  columns: {},
  folds: {
    PurchaseCreated: ({ day, branchId, userId }) => [{ day, branch_id: branchId, customer_id: userId.toLowerCase() }],
  },
  upsert: (rows) => ({
    name: 'upsert-unique_customers_daily',
    // RETURNING gives only the customers that the table did not hold yet, so nobody is counted twice.
    with: {
      came: `
          INSERT INTO customers_daily (day, branch_id, customer_id)
          SELECT * FROM unnest($1::date[], $2::text[], $3::uuid[])
          ON CONFLICT DO NOTHING RETURNING day, branch_id`,
    },
    sql: `
        INSERT INTO unique_customers_daily AS v (day, branch_id, customers_count)
        SELECT day, branch_id, count(*) FROM came GROUP BY day, branch_id ORDER BY day, branch_id
        ON CONFLICT (branch_id, day) DO UPDATE SET customers_count = v.customers_count + EXCLUDED.customers_count`,
    values: [rows.map((row) => row.day), rows.map((row) => row.branch_id), rows.map((row) => row.customer_id)],
  }),
});
