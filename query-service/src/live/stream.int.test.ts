import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildHttpApp } from '@tallyline/chassis/http/app';
import { type HttpServer, listen } from '@tallyline/chassis/http/server';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createMetrics } from '@tallyline/chassis/process/metrics';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestDatabases, type TestDatabases } from '@tallyline/local/testing/test-databases';
import { createTestPool } from '../../../tests/setup/test-database.js';
import { consistencyOnRequest } from '../lag/consistency-token.js';
import { createLive, type Live } from './live.js';
import { streamRoute } from './stream.route.js';

const log = createLogger('test', 'silent', 'json');
const path = '/api/analytics/stream';

let databases: TestDatabases;
let pool: Pool;
let live: Live;
let server: HttpServer;
let waiting: { signal: AbortSignal; resume(): void } | undefined;

beforeAll(async () => {
  databases = await createTestDatabases();
  pool = createTestPool(databases.readDatabaseUrl);
  live = createLive(onPool(pool), 'UTC', log);
  const awaitEvents = (_ids: readonly string[], _timeoutMs: number, signal: AbortSignal) =>
    new Promise<'pending'>((resolve) => {
      waiting = { signal, resume: () => resolve('pending') };
    });
  const app = buildHttpApp({
    api: { title: 'a service', description: 'for this test', problemTypes: 'urn:test:' },
    log,
    metrics: createMetrics('a-service'),
    health: { required: {} },
    before: consistencyOnRequest(awaitEvents),
    routes: [streamRoute(live)],
  });
  server = await listen(app, '127.0.0.1', 0);
});
afterAll(async () => {
  await live.stop();
  await server.stop();
  await pool.end();
  await databases.drop();
});

test('answers HEAD with the headers of the live stream, and counts no listener for it', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'HEAD' });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    '',
  ]);
  expect(live.listeners()).toBe(0);
});

test('returns 400 for a query parameter, because the live stream has none', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}?x=1`);
  expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ parameter: 'x' }] }]);
  expect(live.listeners()).toBe(0);
});

test('counts no listener for a page that leaves while it waits for its token', async () => {
  const headers = { 'consistency-token': '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee' };
  const page = request({ host: '127.0.0.1', port: server.port, path, headers });
  page.on('error', () => undefined).end();
  const { signal, resume } = await eventually(() => waiting ?? Promise.reject(new Error('not asked yet')));
  page.destroy();
  await eventually(() => expect(signal.aborted).toBe(true));
  resume();
  await fetch(`http://127.0.0.1:${server.port}/health/live`);
  expect(live.listeners()).toBe(0);
});

test('ends the stream of a page that reconnects during the stop at once, and reads nothing for it', async () => {
  const stopped = createLive(onPool(pool), 'UTC', log);
  const stopping = stopped.stop();
  let ended = 0;
  stopped.listen({ send: () => undefined, end: () => (ended += 1) });
  await stopping;
  expect([ended, stopped.listeners()]).toEqual([1, 0]);
});
