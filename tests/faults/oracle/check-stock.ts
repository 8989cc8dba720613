import type { Check } from './judge.js';

/** Nothing was sold that was not there: stock >= 0, and what was there is what is left plus what was sold. */
export const checkStock: Check = async ({ world }) => {
  const { rows } = await world.write.query(`
    SELECT p.id, p.stock, (e.payload ->> 'stock')::bigint AS initial,
           COALESCE((SELECT sum(quantity) FROM order_items WHERE product_id = p.id), 0) AS sold
      FROM products p JOIN outbox e ON e.topic = 'product.created' AND (e.payload ->> 'productId')::bigint = p.id`);
  return rows
    .filter(({ stock, initial, sold }) => Number(stock) < 0 || Number(initial) - Number(sold) !== Number(stock))
    .map(({ id, stock, initial, sold }) => `product ${id}: ${initial} at first, ${sold} sold, ${stock} left`);
};
