import type { HealthChecks } from '@tallyline/chassis/health';
import { buildHttpApp } from '@tallyline/chassis/http-app';
import type { Logger } from '@tallyline/chassis/logger';
import type { Pool } from '@tallyline/chassis/postgres';
import type { Express } from 'express';
import { createPlaceOrder } from './orders/place-order.js';
import { placeOrderRoute } from './orders/place-order.route.js';
import { createProductRoute } from './products/create-product.route.js';

export interface AppOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly health: HealthChecks;
  /** Called after each commit that wrote outbox rows. */
  readonly onCommit: () => void;
}

export function buildApp({ pool, log, health, onCommit }: AppOptions): Express {
  return buildHttpApp({
    log,
    health,
    routes: [createProductRoute(pool, onCommit), placeOrderRoute(createPlaceOrder(pool, onCommit))],
  });
}
