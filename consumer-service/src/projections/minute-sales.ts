import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/**
 * Orders and revenue per minute of the time at which the order was placed. Minutes serve "the same time yesterday", and the
 * days of any time zone, because every zone's day begins on a whole minute.
 */
export const minuteSales = view({
  table: 'minute_sales_view',
  revision: 1,
  key: { minute_timestamp: 'timestamptz' },
  columns: { total_revenue: adds('money'), total_orders: adds('bigint') },
  folds: {
    OrderCreated: ({ placedAt, total }) => [
      {
        // The schema admits only UTC, so all instants of one minute start with the same 16 characters.
        minute_timestamp: `${placedAt.slice(0, 16)}:00.000Z`,
        total_revenue: exactCents(total),
        total_orders: 1,
      },
    ],
  },
});
