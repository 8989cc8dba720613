import { buildHttpApp } from '@tallyline/chassis/http/app';
import type { HealthChecks } from '@tallyline/chassis/http/health';
import type { Route } from '@tallyline/chassis/http/route';
import { onPool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import type { Metrics } from '@tallyline/chassis/process/metrics';
import type { Express } from 'express';
import { listBranchesRoute } from './branches/list-branches.route.js';
import type { Measures } from './measures.js';
import { createPlaceOrder } from './orders/place-order.js';
import { placeOrderRoute } from './orders/place-order.route.js';
import type { WriteDatabase } from './outbox/emit.js';
import { createProductRoute } from './products/create-product.route.js';
import { recordPurchaseRoutes } from './purchases/record-purchase.route.js';

export const api = {
  title: 'command-service',
  description:
    'Stores what was decided: products, orders and purchases. What is answered 201 is durable and will be counted once.',
};

export interface AppOptions {
  readonly database: WriteDatabase;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: HealthChecks;
  readonly measures?: Measures;
}

export function routes(database: WriteDatabase, measures?: Measures): Route[] {
  return [
    createProductRoute(database),
    placeOrderRoute(createPlaceOrder(database, measures?.onGroup)),
    ...recordPurchaseRoutes(database),
    listBranchesRoute(onPool(database.pool)),
  ];
}

export function buildApp({ database, log, metrics, health, measures }: AppOptions): Express {
  return buildHttpApp({ api, log, metrics, health, routes: routes(database, measures) });
}
