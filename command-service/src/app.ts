import { buildHttpApp } from '@tallyline/chassis/http/app';
import type { HealthChecks } from '@tallyline/chassis/http/health';
import type { Route } from '@tallyline/chassis/http/route';
import { onPool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import type { Metrics } from '@tallyline/chassis/process/metrics';
import { PROBLEM_TYPES } from '@tallyline/contracts/suite';
import type { Express } from 'express';
import { listBranchesRoute } from './branches/list-branches.route.js';
import type { ServiceMetrics } from './metrics.js';
import { createPlaceOrder } from './orders/place-order.js';
import { placeOrderRoute } from './orders/place-order.route.js';
import type { WriteDatabase } from './outbox/emit.js';
import { createProductRoute } from './products/create-product.route.js';
import { recordPurchaseRoutes } from './purchases/record-purchase.route.js';

export const api = {
  title: 'command-service',
  problemTypes: PROBLEM_TYPES,
  description:
    'Stores products, orders and purchases. A request answered with 201 is stored durably and will be counted exactly once.',
};

export interface AppOptions {
  readonly database: WriteDatabase;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: HealthChecks;
  readonly serviceMetrics?: ServiceMetrics;
}

export function routes(database: WriteDatabase, serviceMetrics?: ServiceMetrics): Route[] {
  return [
    createProductRoute(database),
    placeOrderRoute(createPlaceOrder(database, serviceMetrics?.onGroup)),
    ...recordPurchaseRoutes(database),
    listBranchesRoute(onPool(database.pool)),
  ];
}

export function buildApp({ database, log, metrics, health, serviceMetrics }: AppOptions): Express {
  return buildHttpApp({ api, log, metrics, health, routes: routes(database, serviceMetrics) });
}
