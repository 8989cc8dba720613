import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { pino } from 'pino';
import request from 'supertest';
import { z } from 'zod';
import { Overloaded } from '../batching/group-commit.js';
import { TransactionError } from '../postgres/errors.js';
import { createMetrics } from '../process/metrics.js';
import { buildHttpApp } from './app.js';
import { CheckFailed } from './health.js';
import { Problem } from './problem.js';
import { route } from './route.js';
import { type HttpServer, listen } from './server.js';

const answer = { status: 200, description: 'an answer', schema: z.object({}) };
const lines: Record<string, unknown>[] = [];
let subscribed = true;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  const app = buildHttpApp({
    api: { title: 'a service', description: 'for this test', problemTypes: 'urn:test:problem:' },
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    metrics: createMetrics('a-service'),
    before: (request, _response, next) => {
      if (request.get('x-refused') !== undefined) throw new Problem({ slug: 'refused', status: 400, detail: 'no' });
      next();
    },
    health: {
      required: {
        subscription: async () => {
          if (!subscribed) throw new CheckFailed('not subscribed');
        },
      },
      informative: {
        broker: async () => {
          throw new Error('connect ECONNREFUSED 10.0.0.7:5672');
        },
      },
    },
    routes: [
      route(
        'get',
        '/things/:id',
        { summary: 'a thing', params: z.object({ id: z.string() }), answer },
        async (input) => {
          if (input.params.id === 'bug') throw new Error('password=hunter2');
          if (input.params.id === 'gone') throw new Problem({ slug: 'gone', status: 410, detail: 'it is gone' });
          if (input.params.id === 'lost') throw new TransactionError('place', new Error('Connection terminated'), true);
          if (input.params.id === 'crowded') throw new Overloaded();
          if (input.params.id === 'slow') await new Promise(() => undefined);
          return { body: { id: input.params.id } };
        },
      ),
      route('post', '/things', { summary: 'a new thing', body: z.object({ id: z.string() }), answer }, async () => ({
        body: {},
      })),
    ],
    pages: (app) => {
      app.get('/a-page', (_request, response) => void response.end());
      return ['/a-page'];
    },
  });
  server = await listen(app, '127.0.0.1', 0);
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop());

describe('an HTTP application of the chassis', () => {
  test.each(['/things/1', '/things/gone', '/nowhere', '/health'])(
    'forbids caches to store the answer to GET %s',
    async (path) => {
      expect((await request(url).get(path)).headers['cache-control']).toBe('no-store');
    },
  );

  test('answers with the status and the details of a Problem that a handler throws', async () => {
    const { status, body } = await request(url).get('/things/gone');
    expect([status, body]).toEqual([
      410,
      {
        type: 'urn:test:problem:gone',
        title: 'Gone',
        status: 410,
        detail: 'it is gone',
        instance: '/things/gone',
      },
    ]);
  });

  test('hides the cause of a 500 from the client and logs it', async () => {
    const { status, text } = await request(url).get('/things/bug');
    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
    expect(JSON.stringify(lines)).toContain('hunter2');
  });

  test('answers 503 outcome-unknown when a request may or may not be stored', async () => {
    const { status, body, headers } = await request(url).get('/things/lost');
    expect({ status, type: body.type }).toEqual({ status: 503, type: 'urn:test:problem:outcome-unknown' });
    expect(body.detail).toContain('Idempotency-Key');
    expect(headers['retry-after']).toBe('2');
  });

  test('answers 503 with Retry-After when too many requests wait', async () => {
    const { status, body, headers } = await request(url).get('/things/crowded');
    expect([status, body.type, headers['retry-after']]).toEqual([503, 'urn:test:problem:overloaded', '1']);
  });

  test('logs one line per request with route template, status and trace id', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await request(url).get('/things/7').set('traceparent', traceparent);
    expect(lines.filter(({ traceId }) => traceId === '4bf92f3577b34da6a3ce929d0e0e4736')).toEqual([
      expect.objectContaining({ method: 'GET', route: '/things/:id', status: 200, durationMs: expect.any(Number) }),
    ]);
  });

  test('runs the `before` handler for a route, but not for a refused method or an unknown path', async () => {
    const refused = { 'x-refused': 'yes' };
    expect((await request(url).get('/things/7').set(refused)).status).toBe(400);
    expect((await request(url).post('/things/7').set(refused)).status).toBe(405);
    expect((await request(url).get('/nothing').set(refused)).status).toBe(404);
  });

  test.each(['/health', '/health/ready', '/health/live', '/metrics', '/openapi.json', '/docs', '/a-page'])(
    'answers 405 to other methods than GET at %s',
    async (path) => {
      const { status, headers } = await request(url).delete(path);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
      expect((await request(url).options(path)).status).toBe(405);
    },
  );

  test.each(['content-length: 0', 'x-no-length: yes'])(
    'reports the missing fields of an empty JSON body that is sent with the header "%s"',
    async (header) => {
      const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
      let answered = '';
      socket.on('data', (text) => {
        answered += text;
      });
      const type = 'content-type: application/json';
      socket.write(`POST /things HTTP/1.1\r\nhost: a\r\n${type}\r\n${header}\r\nconnection: close\r\n\r\n`);
      await once(socket, 'close');
      expect(answered).toMatch(/^HTTP\/1.1 400 .*"detail":"#\/id is required"/s);
    },
  );

  test('is not ready when a required check is down, and degraded when an informative one is', async () => {
    const ready = await request(url).get('/health/ready');
    expect([ready.status, ready.body]).toEqual([
      200,
      {
        status: 'degraded',
        checks: { subscription: { status: 'up' }, broker: { status: 'down', reason: 'it cannot be reached' } },
      },
    ]);
    subscribed = false;
    const notReady = await request(url).get('/health/ready');
    expect(notReady.status).toBe(503);
    expect(notReady.body.checks.subscription).toEqual({ status: 'down', reason: 'not subscribed' });
    expect((await request(url).get('/health/live')).status).toBe(200);
  });

  test('records status 499 when a client leaves without an answer', async () => {
    const asked = fetch(`${url}/things/slow`, { signal: AbortSignal.timeout(100) });
    await expect(asked).rejects.toThrow();
    await eventually(() => expect(lines.at(-1)).toMatchObject({ route: '/things/:id', status: 499, aborted: true }));
    expect((await request(url).get('/metrics')).text).toContain('route="/things/:id",status="499"');
  });
});
