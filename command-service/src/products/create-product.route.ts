import type { Pool } from '@tallyline/chassis/postgres';
import { type Route, route } from '@tallyline/chassis/route';
import { category, id, price, productName, stock } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { z } from 'zod';
import { createProduct } from './create-product.js';

const body = z.strictObject({ name: productName, category, price, stock });

export function createProductRoute(pool: Pool, onCommit: () => void): Route {
  return route(
    'post',
    '/api/products',
    {
      summary: 'Add a product to the catalogue',
      body,
      answer: { status: 201, description: 'The product is stored', schema: z.object({ productId: id }) },
    },
    async ({ body: { name, category, price, stock }, traceparent }) => {
      const product = { name, category, priceCents: exactCents(price), stock };
      const { productId } = await createProduct(pool, product, traceparent);
      onCommit();
      return { body: { productId } };
    },
  );
}
