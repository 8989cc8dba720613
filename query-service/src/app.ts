import type { HealthChecks } from '@tallyline/chassis/health';
import { buildHttpApp } from '@tallyline/chassis/http-app';
import type { Logger } from '@tallyline/chassis/logger';
import { onPool, type Pool } from '@tallyline/chassis/postgres';
import type { Express } from 'express';
import { createAwaitEvents } from './consistency/await-events.js';
import { consistencyOnRequest } from './consistency/consistency.js';
import { categoryRevenueRoute } from './queries/category-metrics.js';
import { customerLtvRoutes } from './queries/customer-ltv.js';
import { hourlySalesRoute } from './queries/hourly-sales.js';
import { orderRoute, ordersRoute } from './queries/orders-read.js';
import { productSalesRoute } from './queries/product-sales.js';
import { productRoute, productsRoute } from './queries/products-read.js';
import { syncStatusRoute } from './queries/sync-status.js';

export interface AppOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly health: HealthChecks;
}

export function buildApp({ pool, log, health }: AppOptions): Express {
  const db = onPool(pool);
  return buildHttpApp({
    log,
    health,
    before: consistencyOnRequest(createAwaitEvents(db)),
    routes: [
      productSalesRoute(db),
      categoryRevenueRoute(db),
      ...customerLtvRoutes(db),
      hourlySalesRoute(db),
      syncStatusRoute(db),
      productsRoute(db),
      productRoute(db),
      ordersRoute(db),
      orderRoute(db),
    ],
  });
}
