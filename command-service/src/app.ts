import { buildHttpApp } from '@tallyline/chassis/http/app';
import type { HealthChecks } from '@tallyline/chassis/http/health';
import type { Route } from '@tallyline/chassis/http/route';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import type { Metrics } from '@tallyline/chassis/process/metrics';
import { PROBLEM_TYPES } from '@tallyline/contracts/suite';
import type { Express } from 'express';
import { listBranchesRoute } from './branches/list-branches.route.js';
import type { Measures } from './measures.js';
import { createPlaceOrder } from './orders/place-order.js';
import { placeOrderRoute } from './orders/place-order.route.js';
import type { HandOver } from './outbox/hand-over.js';
import { createProductRoute } from './products/create-product.route.js';
import { recordPurchaseRoutes } from './purchases/record-purchase.route.js';

export const api = {
  title: 'command-service',
  problemTypes: PROBLEM_TYPES,
  description:
    'Stores what was decided: products, orders and purchases. What is answered 201 is durable and will be counted once.',
};

export interface AppOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: HealthChecks;
  readonly handOver: HandOver;
  readonly measures?: Measures;
}

export function routes(pool: Pool, handOver: HandOver, measures?: Measures): Route[] {
  return [
    createProductRoute(pool, handOver),
    placeOrderRoute(createPlaceOrder(pool, handOver, measures?.onGroup)),
    ...recordPurchaseRoutes(pool, handOver),
    listBranchesRoute(onPool(pool)),
  ];
}

export function buildApp({ pool, log, metrics, health, handOver, measures }: AppOptions): Express {
  return buildHttpApp({ api, log, metrics, health, routes: routes(pool, handOver, measures) });
}
