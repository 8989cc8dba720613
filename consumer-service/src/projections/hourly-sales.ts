import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/** Orders and revenue per UTC hour of the time at which the order was placed, however late its event arrives. */
export const hourlySales = view({
  table: 'hourly_sales_view',
  revision: 1,
  key: { hour_timestamp: 'timestamptz' },
  columns: { total_revenue: adds('money'), total_orders: adds('bigint') },
  folds: {
    OrderCreated: ({ placedAt, total }) => [
      {
        // The schema admits only UTC, so all instants of one hour start with the same 13 characters.
        hour_timestamp: `${placedAt.slice(0, 13)}:00:00.000Z`,
        total_revenue: exactCents(total),
        total_orders: 1,
      },
    ],
  },
});
