import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { id, instant, price } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { keysetPage, pageHeaders } from '../keyset-page.js';
import { notFound } from '../not-found.js';
import { idParameter, page } from '../parameters.js';

const product = z.object({
  productId: id,
  name: z.string(),
  category: z.string(),
  price,
  unitsLeft: z.int(),
  createdAt: instant,
});

interface Row {
  readonly productId: number;
  readonly name: string;
  readonly category: string;
  readonly price: string;
  readonly unitsLeft: number;
  readonly createdAt: Date;
}

const selectFrom = (products: string) => `
  SELECT p.product_id AS "productId", p.name, p.category, p.price,
         p.initial_stock - COALESCE(s.total_quantity_sold, 0) AS "unitsLeft", p.created_at AS "createdAt"
    FROM ${products} p LEFT JOIN product_sales_view s USING (product_id)`;

/** Selects the page before it is joined with sales: joining the tables first would read all sales up to the page. */
const PAGE = '(SELECT * FROM products_read WHERE product_id > $1 ORDER BY product_id LIMIT $2)';

export function productRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/products/:id',
    {
      summary: 'A product, with units left',
      params: z.object({ id: idParameter }),
      answer: { status: 200, description: 'As the read side knows it', schema: product },
      problems: { 404: 'The product is unknown' },
    },
    async ({ params }) => {
      const [row] = await db.query<Row>({
        name: 'product',
        text: `${selectFrom('products_read')} WHERE product_id = $1`,
        values: [params.id],
      });
      if (row === undefined) throw notFound(`there is no product ${params.id}`);
      return { body: shown(row) };
    },
  );
}

export function productsRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/products',
    {
      summary: 'The catalogue, in order of id',
      description:
        'Pages are for reading the catalogue, not for following new products: ids may reach the view out of order, so a ' +
        'product that is created meanwhile may appear on a page that was already read.',
      query: z.strictObject({ ...page, after: idParameter.optional() }),
      answer: {
        status: 200,
        description: 'One page; `Link: rel="next"` leads to the next',
        schema: z.array(product),
        headers: pageHeaders,
      },
    },
    async ({ query: { limit, after = 0 }, url }) => {
      const rows = await db.query<Row>({
        name: 'products',
        text: `${selectFrom(PAGE)} ORDER BY product_id`,
        values: [after, limit + 1],
      });
      const next = keysetPage(rows, limit, url, { parameter: 'after', keyOf: (row) => row.productId });
      return { body: next.rows.map(shown), headers: next.headers };
    },
  );
}

function shown(row: Row) {
  return { ...row, price: Number(row.price), createdAt: row.createdAt.toISOString() };
}
