import { readByKey } from '@tallyline/chassis/batching/read-by-key';
import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, id, instant, price, quantity } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { keysetPage, pageHeaders } from '../keyset-page.js';
import { notFound } from '../not-found.js';
import { idParameter, page } from '../parameters.js';

const order = z.object({
  orderId: id,
  customerId: id,
  total: amount,
  items: z.array(z.object({ productId: id, category: z.string(), quantity, price })),
  placedAt: instant,
});

interface Row {
  readonly orderId: number;
  readonly customerId: number;
  readonly total: string;
  readonly items: readonly unknown[];
  readonly placedAt: Date;
}

/** An order may have 100 lines. A page of 200 such orders is 7 MB, and slow readers of such pages would fill the memory. */
const MAX_LINES_ON_PAGE = 2_000;

const SELECT = `
  SELECT order_id AS "orderId", customer_id AS "customerId", total, items, placed_at AS "placedAt" FROM orders_read`;

export function orderRoute(db: Queryable): Route {
  const orderOf = readByKey<number, Row>(
    db,
    { name: 'order', text: `${SELECT} WHERE order_id = ANY($1::bigint[])` },
    (row) => row.orderId,
  );
  return route(
    'get',
    '/api/orders/:id',
    {
      summary: 'An order',
      params: z.object({ id: idParameter }),
      answer: { status: 200, description: 'As the read side knows it', schema: order },
      problems: { 404: 'The order is unknown, or not yet in the views' },
    },
    async ({ params }) => {
      const row = await orderOf(params.id);
      if (row === undefined) throw notFound(`there is no order ${params.id} in the views`);
      return { body: shown(row), known: { orderId: row.orderId } };
    },
  );
}

/** Orders by id, newest first. Ids are taken inside the transaction, so only concurrent group commits can be out of order. */
export function ordersRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/orders',
    {
      summary: 'Orders, newest first',
      description: 'Newest means stored last: an imported order of the past is as new as its import.',
      query: z.strictObject({ ...page, customerId: idParameter.optional(), before: idParameter.optional() }),
      answer: {
        status: 200,
        description: `One page; \`Link: rel="next"\` leads to the next. It ends early at ${MAX_LINES_ON_PAGE} order lines`,
        schema: z.array(order),
        headers: pageHeaders,
      },
    },
    async ({ query: { limit, customerId, before = Number.MAX_SAFE_INTEGER }, url }) => {
      const ofCustomer = customerId === undefined ? '' : 'AND customer_id = $3';
      const rows = await db.query<Row>({
        name: customerId === undefined ? 'orders' : 'orders-of-customer',
        text: `${SELECT} WHERE order_id < $1 ${ofCustomer} ORDER BY order_id DESC LIMIT $2`,
        values: [before, limit + 1, ...(customerId === undefined ? [] : [customerId])],
      });
      const next = keysetPage(rows, ordersOnPage(rows, limit), url, {
        parameter: 'before',
        keyOf: (row) => row.orderId,
      });
      return { body: next.rows.map(shown), headers: next.headers };
    },
  );
}

/** Returns how many orders fit on a page, which is at least one. */
function ordersOnPage(rows: readonly Row[], limit: number): number {
  let lines = 0;
  const beyond = rows.findIndex(({ items }) => {
    lines += items.length;
    return lines > MAX_LINES_ON_PAGE;
  });
  return beyond === -1 ? limit : Math.min(limit, Math.max(1, beyond));
}

function shown(row: Row) {
  return { ...row, total: Number(row.total), placedAt: row.placedAt.toISOString() };
}
