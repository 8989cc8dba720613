import { exactCents } from '@tallyline/contracts/money';
import { adds } from './merge-rules.js';
import { view } from './view.js';

/** Units, revenue and orders per product. A new product has a row of zeros. */
export const productSales = view({
  table: 'product_sales_view',
  revision: 1,
  key: { product_id: 'bigint' },
  columns: { total_quantity_sold: adds('bigint'), total_revenue: adds('money'), order_count: adds('bigint') },
  folds: {
    ProductCreated: ({ productId }) => [
      { product_id: productId, total_quantity_sold: 0, total_revenue: 0, order_count: 0 },
    ],
    OrderCreated: ({ items }) =>
      items.map(({ productId, quantity, price }, line) => ({
        product_id: productId,
        total_quantity_sold: quantity,
        total_revenue: exactCents(price) * quantity,
        // Two lines of one product are one order of that product.
        order_count: line === items.findIndex((item) => item.productId === productId) ? 1 : 0,
      })),
  },
});
