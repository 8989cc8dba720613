import { type Article, articles } from './catalogue.js';
import type { ShopApi } from './shop-api.js';

export interface ShelfItem extends Article {
  readonly productId: number;
}

/** Adds the products of the catalogue that the shop does not have yet. */
export async function stockShelves(api: ShopApi): Promise<ShelfItem[]> {
  const known = new Map<string, number>();
  for (let path: string | undefined = '/api/products?limit=200'; path !== undefined; ) {
    const { body, next }: Awaited<ReturnType<ShopApi['query']>> = await api.query(path);
    for (const { productId, name, category } of body as { productId: number; name: string; category: string }[]) {
      known.set(`${category}/${name}`, productId);
    }
    path = next;
  }
  const shelf: ShelfItem[] = [];
  for (const { heat, ...product } of articles) {
    const productId = known.get(`${product.category}/${product.name}`) ?? (await add(api, product));
    shelf.push({ ...product, heat, productId });
  }
  return shelf;
}

async function add(api: ShopApi, product: Omit<Article, 'heat'>): Promise<number> {
  const { status, body } = await api.post('/api/products', product);
  if (status !== 201)
    throw new Error(
      `POST /api/products with "${product.name}" failed (${status || 'no answer'}): see the log of command-service`,
    );
  return Number(body.productId);
}
