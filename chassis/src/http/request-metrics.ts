import type { Express } from 'express';
import { Histogram, type Metrics } from '../process/metrics.js';

/** Bounds in seconds, from a single read to an answer that should raise an alarm. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

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
