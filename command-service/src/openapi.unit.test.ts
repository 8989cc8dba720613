import { expect, test } from '@jest/globals';
import { openApiDocument } from '@tallyline/chassis/http/openapi';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createMetrics } from '@tallyline/chassis/process/metrics';
import pg from 'pg';
import { api, buildApp, routes } from './app.js';
import { leaveToRelay } from './outbox/emit.js';

interface Layer {
  readonly route?: { readonly path: string };
}

/** Only the documentation page loads these, so the API document leaves them out. */
const FILES = ['/docs/{version}/{file}'];

test('the API document has every path that the app answers', () => {
  const pool = new pg.Pool();
  const app = buildApp({
    log: createLogger('test', 'silent', 'json'),
    metrics: createMetrics('test'),
    health: { required: {} },
    database: leaveToRelay(pool),
  });
  const answering = (app.router.stack as Layer[]).flatMap(({ route }) => route?.path.replace(/:(\w+)/g, '{$1}') ?? []);
  const documented = Object.keys(openApiDocument(api, routes(leaveToRelay(pool))).paths ?? {});
  expect(answering.length).toBeGreaterThan(5);
  expect([...new Set(answering)].filter((path) => !FILES.includes(path)).sort()).toEqual(documented.sort());
});
