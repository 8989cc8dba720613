import type { Express } from 'express';
import { Histogram, type Metrics } from '../process/metrics.js';

/** Histogram bounds in seconds. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function metricsRoute(app: Express, metrics: Metrics): void {
  app.get('/metrics', async (_request, response) => {
    const text = await metrics.metrics();
    response.setHeader('content-type', metrics.contentType).end(text);
  });
}

/** Records the duration of each request by its route template; a path would create a time series for every id. */
export function requestDurations(metrics: Metrics) {
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last byte of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [metrics],
  });
  // prom-client builds a label object and a hash for each lookup; this map is cheaper on the hot path.
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
