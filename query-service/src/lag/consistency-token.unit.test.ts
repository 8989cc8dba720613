import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildHttpApp } from '@tallyline/chassis/http/app';
import { route } from '@tallyline/chassis/http/route';
import { type HttpServer, listen } from '@tallyline/chassis/http/server';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createMetrics } from '@tallyline/chassis/process/metrics';
import request from 'supertest';
import { z } from 'zod';
import { consistencyOnRequest } from './consistency-token.js';

let awaited: readonly string[] = [];
let server: HttpServer;
beforeAll(async () => {
  const awaitEvents = async (eventIds: readonly string[]) => {
    awaited = eventIds;
    return 'included' as const;
  };
  const answer = { status: 200, description: 'an answer', schema: z.object({}) };
  const app = buildHttpApp({
    api: { title: 'a service', description: 'for this test', problemTypes: 'urn:test:' },
    log: createLogger('test', 'silent', 'json'),
    metrics: createMetrics('a-service'),
    health: { required: {} },
    before: consistencyOnRequest(awaitEvents),
    routes: [route('get', '/thing', { summary: 'a thing', answer }, async () => ({ body: {} }))],
  });
  server = await listen(app, '127.0.0.1', 0);
});
afterAll(() => server.stop());

const tokens = Array.from({ length: 11 }, (_, n) => `0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeee${10 + n}`);
const [first = '', second = ''] = tokens;
const getWith = (token: string) =>
  request(`http://127.0.0.1:${server.port}`).get('/thing').set('consistency-token', token);

test.each([
  ['one token', first, [first]],
  ['several tokens', `${first}, ${second.toUpperCase()}`, [first, second]],
  ['tokens and empty elements (RFC 9110, 5.6.1.2)', `,${first}, ,${second},`, [first, second]],
  ['one token many times', Array(20).fill(first).join(), [first]],
])('waits once for each token when the header has %s', async (_given, header, expected) => {
  const { status, headers } = await getWith(header);
  expect([status, headers['consistency-status'], awaited]).toEqual([200, 'included', expected]);
});

test.each([
  ['no token', ',', 'must be a token that a POST answered'],
  ['a text that is no token', `${first},x`, 'must be a token that a POST answered'],
  ['more than ten tokens', tokens.join(), 'must have at most 10 items'],
])('returns 400 for a consistency-token header with %s', async (_what, header, detail) => {
  const { status, body } = await getWith(header);
  expect([status, body.errors]).toEqual([400, [{ header: 'consistency-token', detail }]]);
});
