import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { AnyEvent } from '@tallyline/contracts/events';
import { categoryMetrics } from './category-metrics.js';
import { customerLoyalty } from './customer-loyalty.js';
import { customerLtv } from './customer-ltv.js';
import { dailySalesByBranch } from './daily-sales-by-branch.js';
import { hourlySales } from './hourly-sales.js';
import { mergedRows } from './merged-rows.js';
import { minuteSales } from './minute-sales.js';
import { ordersRead } from './orders-read.js';
import { productSales } from './product-sales.js';
import { productSalesDaily } from './product-sales-daily.js';
import { productsRead } from './products-read.js';
import { uniqueCustomersDaily } from './unique-customers-daily.js';
import type { View } from './view.js';

const declared: readonly View[] = [
  categoryMetrics,
  customerLoyalty,
  customerLtv,
  dailySalesByBranch,
  hourlySales,
  minuteSales,
  ordersRead,
  productSales,
  productSalesDaily,
  productsRead,
  uniqueCustomersDaily,
];

/** Every view, in the one order in which all consumers write them: two orders could deadlock. */
export const views: readonly View[] = [...declared].sort((a, b) => (a.table < b.table ? -1 : 1));

/** The tables that views are kept in. */
export const tablesOf = (some: readonly View[]): readonly string[] => some.flatMap(({ tables }) => tables);

export const viewTables = tablesOf(views);

/** The statements that add events to views: one for each view that the events touch, in the order of the views. */
export function addToViews(events: readonly AnyEvent[], some: readonly View[] = views): WriteStatement[] {
  return some.flatMap((view) => {
    const rows = mergedRows(view, events);
    return rows.length > 0 ? [view.upsert(rows)] : [];
  });
}
