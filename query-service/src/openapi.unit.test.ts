import { expect, test } from '@jest/globals';
import { openApiDocument } from '@tallyline/chassis/http/openapi';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createMetrics } from '@tallyline/chassis/process/metrics';
import pg from 'pg';
import { api, buildApp, routes } from './app.js';
import { createLive } from './live/live.js';

interface Layer {
  readonly route?: { readonly path: string };
}

/** The addresses of pages and their files, which are not part of the API. The page's numbers are also at a documented path. */
const FILES = ['/docs/{version}/{file}', '/', '/page/numbers', '/page/{version}/{file}'];

test('the API document has every path that the app answers', () => {
  const pool = new pg.Pool();
  const log = createLogger('test', 'silent', 'json');
  const live = createLive(onPool(pool), 'UTC', log);
  const app = buildApp({
    pool,
    log,
    live,
    timeZone: 'UTC',
    metrics: createMetrics('test'),
    health: { required: {} },
  });
  const answering = (app.router.stack as Layer[]).flatMap(({ route }) => route?.path.replace(/:(\w+)/g, '{$1}') ?? []);
  const documented = Object.keys(openApiDocument(api, routes(pool, live, 'UTC')).paths ?? {});
  expect(answering.length).toBeGreaterThan(5);
  expect([...new Set(answering)].filter((path) => !FILES.includes(path)).sort()).toEqual(documented.sort());
});
