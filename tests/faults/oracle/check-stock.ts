import type { Check } from './judge.js';

/** Checks that no stock is negative, and that the initial stock equals the stock left plus the units sold. */
export const checkStock: Check = async ({ world }) => {
  const { rows } = await world.write.query(`
    SELECT p.id, p.stock, (e.payload ->> 'stock')::bigint AS initial,
           COALESCE((SELECT sum(quantity) FROM order_items WHERE product_id = p.id), 0) AS sold
      FROM products p JOIN outbox e ON e.topic = 'product.created' AND (e.payload ->> 'productId')::bigint = p.id`);
  return rows
    .filter(({ stock, initial, sold }) => Number(stock) < 0 || Number(initial) - Number(sold) !== Number(stock))
    .map(({ id, stock, initial, sold }) => `product ${id}: ${initial} initially, ${sold} sold, ${stock} left`);
};
