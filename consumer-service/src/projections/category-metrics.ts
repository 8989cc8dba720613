import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/** Revenue and orders per category. The category of a new product has a row of zeros. */
export const categoryMetrics = view({
  table: 'category_metrics_view',
  revision: 1,
  key: { category_name: 'text' },
  columns: { total_revenue: adds('money'), total_orders: adds('bigint') },
  folds: {
    ProductCreated: ({ category }) => [{ category_name: category, total_revenue: 0, total_orders: 0 }],
    OrderCreated: ({ items }) =>
      items.map(({ category, quantity, price }, line) => ({
        category_name: category,
        total_revenue: exactCents(price) * quantity,
        // Two lines of one category are one order of that category.
        total_orders: line === items.findIndex((item) => item.category === category) ? 1 : 0,
      })),
  },
});
