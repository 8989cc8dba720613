import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '../postgres/pool.js';

/** Where a service puts its measurements: a registry of its own, not a global, so that tests can run two in one process. */
export type Metrics = Registry;

export { Counter, Gauge, Histogram };

/** Of the suite: its parts have one version. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** A lone order takes 2 ms, a full group 20 ms; a second is an alarm. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  // Memory, CPU, garbage collection, and the event loop's delay (nodejs_eventloop_lag_*).
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'tallyline_build_info',
    help: 'What is running; always 1',
    labelNames: ['service', 'version', 'node_version'],
    registers: [registry],
  }).set({ service, version, node_version: process.version }, 1);
  return registry;
}

export function metricsRoute(app: Express, metrics: Metrics): void {
  app.get('/metrics', async (_request, response) => {
    const text = await metrics.metrics();
    response.setHeader('content-type', metrics.contentType).end(text);
  });
}

/** Seconds per answer, by route template: a path would make a new time series for every id. */
export function requestDurations(metrics: Metrics) {
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [metrics],
  });
  // Looking a child up by its labels builds a string each time; this is one map access on the hot path instead.
  const children = new Map<string, { observe(seconds: number): void }>();
  return (method: string, route: string, status: number, seconds: number) => {
    const key = `${method} ${route} ${status}`;
    let child = children.get(key);
    if (child === undefined) {
      child = histogram.labels(method, route, String(status));
      children.set(key, child);
    }
    child.observe(seconds);
  };
}

/** Connections in use and requests that wait for one; read from the pool when Prometheus asks. */
export function observePool(metrics: Metrics, pool: Pool): void {
  new Gauge({
    name: 'tallyline_database_pool_connections',
    help: 'Connections of the pool',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
    },
  });
  new Gauge({
    name: 'tallyline_database_pool_waiting',
    help: 'Requests that wait for a connection',
    registers: [metrics],
    collect() {
      this.set(pool.waitingCount);
    },
  });
}
