import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { AnyEvent, EventType } from '@tallyline/contracts/events';
import { categoryMetricsOfOrderCreated, categoryMetricsOfProductCreated } from './category-metrics.js';
import { customerLoyaltyOfPurchaseCreated } from './customer-loyalty.js';
import { customerLtvOfOrderCreated } from './customer-ltv.js';
import { dailySalesByBranchOfPurchaseCreated } from './daily-sales-by-branch.js';
import { hourlySalesOfOrderCreated } from './hourly-sales.js';
import { minuteSalesOfOrderCreated } from './minute-sales.js';
import { ordersReadOfOrderCreated } from './orders-read.js';
import { productSalesOfOrderCreated, productSalesOfProductCreated } from './product-sales.js';
import { productSalesDailyOfPurchaseCreated } from './product-sales-daily.js';
import { productsReadOfProductCreated } from './products-read.js';
import { FoldedDeltas, type Projection, type View } from './projection.js';
import { uniqueCustomersDailyOfPurchaseCreated } from './unique-customers-daily.js';

/** Which views each event feeds. An event that is missing here does not compile. */
const projections: { readonly [T in EventType]: readonly Projection<T>[] } = {
  ProductCreated: [productsReadOfProductCreated, productSalesOfProductCreated, categoryMetricsOfProductCreated],
  OrderCreated: [
    ordersReadOfOrderCreated,
    productSalesOfOrderCreated,
    categoryMetricsOfOrderCreated,
    customerLtvOfOrderCreated,
    hourlySalesOfOrderCreated,
    minuteSalesOfOrderCreated,
  ],
  PurchaseCreated: [
    dailySalesByBranchOfPurchaseCreated,
    productSalesDailyOfPurchaseCreated,
    customerLoyaltyOfPurchaseCreated,
    uniqueCustomersDailyOfPurchaseCreated,
  ],
};

/** Every view once, in the one order in which all consumers write them: another order could deadlock. */
export const views: readonly View<unknown>[] = [
  ...new Set(
    Object.values(projections).flatMap((list: readonly { view: View<unknown> }[]) => list.map(({ view }) => view)),
  ),
].sort((a, b) => (a.table < b.table ? -1 : 1));

/** Every table that the views are kept in. */
export const viewTables: readonly string[] = views.flatMap(({ table, besides = [] }) => [table, ...besides]);

/** What adds events to the views: folded first, then one part per view, in the order of the views. */
export function addToViews(events: readonly AnyEvent[]): WriteStatement[] {
  const folded = new FoldedDeltas();
  for (const event of events) fold(event, folded);
  return views.flatMap((view) => {
    const deltas = folded.of(view);
    return deltas.length > 0 ? [view.upsert(deltas)] : [];
  });
}

/** Adds one event to the deltas of its views. */
export function fold(event: AnyEvent, folded: FoldedDeltas): void {
  for (const projection of projections[event.eventType] as readonly Projection<EventType>[]) {
    projection.fold(event, folded);
  }
}
