import { exactCents } from '@tallyline/contracts/money';
import { first } from './merge-rules.js';
import { view } from './view.js';

/** The catalogue: one row per product, which its one ProductCreated writes. Units left are `initial_stock` minus the units sold. */
export const productsRead = view({
  table: 'products_read',
  revision: 1,
  key: { product_id: 'bigint' },
  columns: {
    name: first('text'),
    category: first('text'),
    price: first('money'),
    initial_stock: first('bigint'),
    created_at: first('timestamptz'),
  },
  folds: {
    ProductCreated: ({ productId, name, category, price, stock, occurredAt }) => [
      { product_id: productId, name, category, price: exactCents(price), initial_stock: stock, created_at: occurredAt },
    ],
  },
});
