import type { ProductCreated } from '@tallyline/contracts/events';
import { projection, type View } from './projection.js';

/** The catalogue: a row per product, written by its one ProductCreated. Units left are this stock minus the units sold. */
interface Delta {
  readonly productId: number;
  event: ProductCreated | undefined;
}

const productsRead: View<Delta, number> = {
  table: 'products_read',
  zero: (productId) => ({ productId, event: undefined }),
  upsert: (deltas) => {
    const products = deltas.flatMap(({ event }) => event ?? []);
    return {
      name: 'upsert-products-read',
      sql: `
        INSERT INTO products_read (product_id, name, category, price, initial_stock, created_at)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::numeric[], $5::bigint[], $6::timestamptz[])
        ON CONFLICT (product_id) DO NOTHING`,
      values: [
        products.map((p) => p.productId),
        products.map((p) => p.name),
        products.map((p) => p.category),
        products.map((p) => p.price.toFixed(2)),
        products.map((p) => p.stock),
        products.map((p) => p.occurredAt),
      ],
    };
  },
};

export const productsReadOfProductCreated = projection('ProductCreated', productsRead, (event, deltaOf) => {
  deltaOf(event.productId).event ??= event;
});
