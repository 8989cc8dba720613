import { buildHttpApp } from '@tallyline/chassis/http/app';
import type { HealthChecks } from '@tallyline/chassis/http/health';
import type { Route } from '@tallyline/chassis/http/route';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import type { Metrics } from '@tallyline/chassis/process/metrics';
import { PROBLEM_TYPES } from '@tallyline/contracts/suite';
import type { Express } from 'express';
import { createAwaitEvents } from './lag/await-events.js';
import { consistencyAnswerHeaders, consistencyHeaders, consistencyOnRequest } from './lag/consistency-token.js';
import { syncStatusRoute } from './lag/sync-status.js';
import type { Live } from './live/live.js';
import { streamRoute } from './live/stream.route.js';
import { loadPage } from './page/assets.js';
import { servePage } from './page/serve-page.js';
import { branchesSideBySideRoute } from './queries/branches-side-by-side.js';
import { categoryRevenueRoutes } from './queries/category-metrics.js';
import { branchLoyalCustomersRoute } from './queries/customer-loyalty.js';
import { customerLtvRoutes } from './queries/customer-ltv.js';
import { dailySalesRoute } from './queries/daily-sales.js';
import { branchRevenueRoute } from './queries/daily-sales-by-branch.js';
import { hourlySalesRoute } from './queries/hourly-sales.js';
import { salesTodayRoute } from './queries/minute-sales.js';
import { orderRoute, ordersRoute } from './queries/orders-read.js';
import { productSalesRoute } from './queries/product-sales.js';
import { branchTopProductsRoute } from './queries/product-sales-daily.js';
import { productRoute, productsRoute } from './queries/products-read.js';
import { topSellersRoute } from './queries/top-sellers.js';
import { branchUniqueCustomersRoute } from './queries/unique-customers-daily.js';

export const api = {
  title: 'query-service',
  problemTypes: PROBLEM_TYPES,
  description: 'Answers queries from views that are updated as events arrive.',
  headers: consistencyHeaders,
  answerHeaders: consistencyAnswerHeaders,
};

export interface AppOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: HealthChecks;
  readonly live: Live;
  /** The time zone of the shop, which says when its days begin. */
  readonly timeZone: string;
}

export function routes(pool: Pool, live: Live, timeZone: string): Route[] {
  const db = onPool(pool);
  return [
    productSalesRoute(db),
    ...categoryRevenueRoutes(db),
    ...customerLtvRoutes(db),
    hourlySalesRoute(db),
    salesTodayRoute(live.readSalesToday),
    dailySalesRoute(db, timeZone),
    topSellersRoute(db),
    streamRoute(live),
    syncStatusRoute(db),
    productsRoute(db),
    productRoute(db),
    ordersRoute(db),
    orderRoute(db),
    branchesSideBySideRoute(db),
    branchTopProductsRoute(db),
    branchLoyalCustomersRoute(db),
    branchUniqueCustomersRoute(db),
    branchRevenueRoute(db),
  ];
}

export function buildApp({ pool, log, metrics, health, live, timeZone }: AppOptions): Express {
  const before = consistencyOnRequest(createAwaitEvents(onPool(pool)));
  const pages = (app: Express) => servePage(app, loadPage(timeZone), streamRoute(live).handle);
  return buildHttpApp({ api, log, metrics, health, before, pages, routes: routes(pool, live, timeZone) });
}
