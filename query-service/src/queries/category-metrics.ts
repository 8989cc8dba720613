import { readByKey } from '@tallyline/chassis/batching/read-by-key';
import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { amount, category } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { notFound } from '../not-found.js';

const answer = z.object({ category: z.string(), totalRevenue: amount, totalOrders: z.int().min(0) });

interface Row {
  readonly category: string;
  readonly revenue: string;
  readonly orders: number;
}

/**
 * Revenue and orders of one category. An order counts once, even if several of its lines belong to the category. The name may
 * also be a query parameter: browsers cannot send a path that contains `..`, and many proxies refuse an encoded slash.
 */
export function categoryRevenueRoutes(db: Queryable): Route[] {
  const revenueOf = readByKey<string, Row>(
    db,
    {
      name: 'category-revenue',
      text: `SELECT category_name AS category, total_revenue AS revenue, total_orders AS orders
             FROM category_metrics_view WHERE category_name = ANY($1::text[])`,
    },
    (row) => row.category,
  );
  const reply = async (category: string) => {
    const row = await revenueOf(category);
    if (row === undefined) throw notFound(`there is no product in the category ${JSON.stringify(category)}`);
    return { body: { category, totalRevenue: Number(row.revenue), totalOrders: row.orders } };
  };
  const named = z.strictObject({ category });
  const doc = {
    answer: { status: 200, description: 'Totals since the beginning', schema: answer },
    problems: { 404: 'The category has no products' },
  };
  return [
    route(
      'get',
      '/api/analytics/categories/:category/revenue',
      { summary: 'Revenue of a category', params: named, ...doc },
      ({ params }) => reply(params.category),
    ),
    route(
      'get',
      '/api/analytics/categories/revenue',
      {
        summary: 'Revenue of a category, for names that cannot be part of a path',
        description: 'Such names are `..` and those with a slash. In a query a plus sign must be sent as %2B.',
        query: named,
        ...doc,
      },
      ({ query }) => reply(query.category),
    ),
  ];
}
