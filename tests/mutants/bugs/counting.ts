import type { Mutant } from '../mutant.js';

const projections = 'consumer-service/src/projections';
const viewsTest = `${projections}/views.unit.test.ts`;
const countedOnce = (table: string) => ({
  file: viewsTest,
  name: `an order is one order in a row of ${table}, however many lines it has`,
});

/** Bugs that make a view count or lock wrongly. */
export const countingBugs: readonly Mutant[] = [
  {
    name: 'unsorted-upserts',
    bug: 'rows of a view are written in the order of the events, so two consumers deadlock',
    changes: [
      {
        file: `${projections}/merged-rows.ts`,
        from: '[...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(',
        to: '[...byKey].map(',
      },
    ],
    caughtBy: {
      file: viewsTest,
      name: 'views are written in one fixed order, and their rows sorted by key',
    },
  },
  {
    name: 'count-lines-per-category',
    bug: 'an order with two lines of one category counts as two orders of that category',
    changes: [
      {
        file: `${projections}/category-metrics.ts`,
        from: 'line === items.findIndex((item) => item.category === category) ? 1 : 0',
        to: 'line >= 0 ? 1 : 0',
      },
    ],
    caughtBy: countedOnce('category_metrics_view'),
  },
  {
    name: 'count-lines-per-product',
    bug: 'an order with two lines of one product counts as two orders of that product',
    changes: [
      {
        file: `${projections}/product-sales.ts`,
        from: 'line === items.findIndex((item) => item.productId === productId) ? 1 : 0',
        to: 'line >= 0 ? 1 : 0',
      },
    ],
    caughtBy: countedOnce('product_sales_view'),
  },
];
