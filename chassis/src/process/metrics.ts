import { readFileSync } from 'node:fs';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '../postgres/pool.js';

/** Where a service puts its measurements: a registry of its own, not a global, so that tests can run two in one process. */
export type Metrics = Registry;

export { Counter, Gauge, Histogram };

/** Of the suite: its parts have one version. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The metrics that every service has. `prefix` begins the names of those that are the suite's own. */
export function createMetrics(service: string, prefix = ''): Metrics {
  const registry = new Registry();
  // Memory, CPU, garbage collection, and the event loop's delay (nodejs_eventloop_lag_*).
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: `${prefix}build_info`,
    help: 'What is running; always 1',
    labelNames: ['service', 'version', 'node_version'],
    registers: [registry],
  }).set({ service, version, node_version: process.version }, 1);
  return registry;
}

/** Connections in use and requests that wait for one; read from the pool when Prometheus asks. */
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
