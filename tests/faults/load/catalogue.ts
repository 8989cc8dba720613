import type { World } from '../world/world.js';
import type { Product } from './shop-request.js';

/** Products with prices whose sums are wrong in floating point. One product sells out. */
const goods = [
  { name: 'Mouse', category: 'Accessories', price: 49.99, stock: 1_000_000 },
  { name: 'Pad', category: 'Accessories', price: 10.01, stock: 1_000_000 },
  { name: 'Cable', category: 'Accessories', price: 0.1, stock: 1_000_000 },
  { name: 'Lamp', category: 'Light', price: 19.7, stock: 1_000_000 },
  { name: 'Bulb', category: 'Light', price: 0.07, stock: 1_000_000 },
  { name: 'Print', category: 'Art', price: 1234.56, stock: 60 },
];

export function stockShelves(world: World): Promise<Product[]> {
  const { url } = world.one('command-service').process;
  return Promise.all(
    goods.map(async (product) => {
      const response = await fetch(`${url}/api/products`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(product),
      });
      if (response.status !== 201) throw new Error(`a product was answered ${response.status}`);
      const { productId } = (await response.json()) as { productId: number };
      return { id: productId, priceCents: Math.round(product.price * 100) };
    }),
  );
}
