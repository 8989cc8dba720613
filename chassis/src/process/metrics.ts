import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '../postgres/pool.js';
import { ownVersion } from './version.js';

/** The metrics of one service. A registry of its own, rather than the global one, lets tests run two in one process. */
export type Metrics = Registry;

export { Counter, Gauge, Histogram };

/** Creates the metrics that every service has. Names that are not standard begin with `prefix`. */
export function createMetrics(service: string, prefix = ''): Metrics {
  const registry = new Registry();
  // Memory, CPU, garbage collection, and the event loop's delay (nodejs_eventloop_lag_*).
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: `${prefix}build_info`,
    help: 'Service, version and Node.js version; always 1',
    labelNames: ['service', 'version', 'node_version'],
    registers: [registry],
  }).set({ service, version: ownVersion, node_version: process.version }, 1);
  return registry;
}

/** Reports the pool's connections and waiting requests, read whenever Prometheus scrapes. */
export function observePool(metrics: Metrics, pool: Pool, prefix = ''): void {
  new Gauge({
    name: `${prefix}database_pool_connections`,
    help: 'Connections of the pool',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
    },
  });
  new Gauge({
    name: `${prefix}database_pool_waiting`,
    help: 'Requests that wait for a connection',
    registers: [metrics],
    collect() {
      this.set(pool.waitingCount);
    },
  });
}
