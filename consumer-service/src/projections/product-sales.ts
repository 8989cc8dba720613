import { exactCents } from '@tallyline/contracts/money';
import { projection, type View } from './projection.js';

/** Units, revenue and orders per product: sums, so events may come in any order. A new product has a row of zeros. */
interface Delta {
  readonly productId: number;
  quantity: number;
  revenueCents: bigint;
  orders: number;
}

const productSales: View<Delta, number> = {
  table: 'product_sales_view',
  zero: (productId) => ({ productId, quantity: 0, revenueCents: 0n, orders: 0 }),
  upsert: (deltas) => ({
    name: 'upsert-product-sales',
    sql: `
        INSERT INTO product_sales_view AS v (product_id, total_quantity_sold, total_revenue, order_count)
        SELECT id, quantity, cents * 0.01, orders
          FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS d (id, quantity, cents, orders)
        ON CONFLICT (product_id) DO UPDATE SET
          total_quantity_sold = v.total_quantity_sold + EXCLUDED.total_quantity_sold,
          total_revenue = v.total_revenue + EXCLUDED.total_revenue,
          order_count = v.order_count + EXCLUDED.order_count`,
    values: [
      deltas.map((d) => d.productId),
      deltas.map((d) => d.quantity),
      deltas.map((d) => d.revenueCents),
      deltas.map((d) => d.orders),
    ],
  }),
};

export const productSalesOfProductCreated = projection(
  'ProductCreated',
  productSales,
  (event, deltaOf) => void deltaOf(event.productId),
);

export const productSalesOfOrderCreated = projection('OrderCreated', productSales, (event, deltaOf) => {
  for (const { productId, quantity, price } of event.items) {
    const delta = deltaOf(productId);
    delta.quantity += quantity;
    delta.revenueCents += BigInt(exactCents(price) * quantity);
  }
  for (const productId of new Set(event.items.map((item) => item.productId))) deltaOf(productId).orders += 1;
});
