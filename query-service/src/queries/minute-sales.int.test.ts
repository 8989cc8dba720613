import { expect, test } from '@jest/globals';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { createSalesToday } from './minute-sales.js';

const { pool } = await openTestDatabase('read', { emptied: ['minute_sales_view', 'orders_read'] });
const MINUTE_MS = 60_000;

test('counts orders and customers of yesterday up to the beginning of the present minute', async () => {
  // Every minute has one order in its last millisecond, each by another customer.
  await pool.query(`
    WITH days AS (SELECT date_trunc('day', now(), 'UTC') AS today),
    minutes AS (
      SELECT row_number() OVER () AS n, minute
        FROM days, generate_series(today - interval '1 day', today + interval '1 day', interval '1 minute') AS minute
    ), by_minute AS (INSERT INTO minute_sales_view SELECT minute, 1, 1 FROM minutes)
    INSERT INTO orders_read SELECT n, n, 1, '[]', minute + interval '59.999 seconds' FROM minutes`);
  const { asOf, yesterdayBySameTime } = await createSalesToday(onPool(pool), 'UTC')();
  const minutesBefore = Math.floor((Date.parse(asOf) % 86_400_000) / MINUTE_MS);
  expect(yesterdayBySameTime).toMatchObject({ orders: minutesBefore, customers: minutesBefore });
});

test('answers sums that exceed a BIGINT of cents, rounded as JSON numbers are', async () => {
  // Tomorrow has the same row, because midnight may pass during the test.
  await pool.query(`
    INSERT INTO minute_sales_view
    SELECT date_trunc('day', now(), 'UTC') + days * interval '1 day', 2, 100000000000000000000.25 FROM generate_series(0, 1) AS days`);
  const { today, hours } = await createSalesToday(onPool(pool), 'UTC')();
  expect(today).toMatchObject({ revenue: 1e20, orders: 2, averageOrder: 5e19 });
  expect(hours[0]?.today.revenue).toBe(1e20);
});
