import { projection, type View } from './projection.js';

/** Who came to a branch on a day of its own, and how many: a set and its size, so events may come in any order. */
interface Delta {
  readonly day: string;
  readonly branchId: string;
  readonly userId: string;
}

type Key = readonly [day: string, branchId: string, userId: string];

const uniqueCustomersDaily: View<Delta, Key> = {
  table: 'unique_customers_daily',
  besides: ['customers_daily'],
  zero: ([day, branchId, userId]) => ({ day, branchId, userId }),
  upsert: (deltas) => ({
    name: 'upsert-unique-customers-daily',
    // Only those that the set did not hold are counted: the rows that RETURNING gives, not those that came.
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
    values: [deltas.map((d) => d.day), deltas.map((d) => d.branchId), deltas.map((d) => d.userId)],
  }),
};

export const uniqueCustomersDailyOfPurchaseCreated = projection(
  'PurchaseCreated',
  uniqueCustomersDaily,
  ({ day, branchId, userId }, deltaOf) => void deltaOf([day, branchId, userId.toLowerCase()]),
);
