import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertDocumented } from '../setup/documented.js';
import { type RawRequest, sendRaw } from '../setup/raw-request.js';
import { type Suite, startSuite } from '../setup/suite.js';
import { commandRequests, queryRequests } from './arbitrary-requests.js';

/** `FUZZ_REQUESTS=1000000 npx jest tests/fuzz` for a night; the seed is in fast-check's failure report. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 10_000);
/** Sent together, so that what is shrunk is one request, while the services stay busy. */
const AT_A_TIME = 20;
const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });

let suite: Suite;
beforeAll(async () => {
  suite = await startSuite();
  for (let n = 1; n <= 4; n += 1) {
    await suite.post('/api/products', { name: `Thing ${n}`, category: 'Books', price: n, stock: 100 * n });
  }
});
afterAll(async () => {
  agent.destroy();
  await suite?.stop();
});

async function ask(baseUrl: string, request: RawRequest): Promise<number> {
  const answer = await sendRaw(baseUrl, request, agent);
  const { status, headers, text } = answer;
  const shown = `${request.method} ${request.path} ${request.body?.toString('utf8') ?? ''}\n${status} ${text.slice(0, 500)}`;
  if (status >= 500) throw new Error(`a 5xx: ${shown}`);
  if (request.method === 'OPTIONS') return status;
  const body = JSON.parse(text);
  if (status >= 400) {
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      type: expect.stringMatching(/^urn:tallyline:problem:/),
      status,
      detail: expect.any(String),
    });
  }
  // A path with escapes, dots or an empty part has no template to be looked up by.
  if (!/[%.]|\/(\/|$)/.test(request.path.split('?')[0] ?? ''))
    assertDocumented(request.method, baseUrl + request.path, { status, headers, body });
  return status;
}

/** Everything that a POST can add; what it adds to each is in its answer's status. */
async function stored() {
  const { rows } = await suite.write.query(`
    SELECT (SELECT count(*) FROM products)::int AS products, (SELECT count(*) FROM outbox)::int AS events,
           (SELECT COALESCE(sum(stock), 0) FROM products)::int + (SELECT COALESCE(sum(quantity), 0) FROM order_items)::int AS units`);
  return rows[0] as { products: number; events: number; units: number };
}

const options = { numRuns: Math.ceil(REQUESTS / 2 / AT_A_TIME) };
const timeoutMs = Math.max(120_000, REQUESTS * 20);

test(
  'command-service answers every request as documented, and a refusal changes nothing',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commandRequests, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (requests) => {
        const before = await stored();
        const statuses = await Promise.all(requests.map((request) => ask(suite.command.url, request)));
        const after = await stored();
        const created = statuses.filter((status) => status === 201).length;
        expect(after.events - before.events).toBeLessThanOrEqual(created);
        if (created === 0) expect(after).toEqual(before);
      }),
      options,
    );
  },
  timeoutMs,
);

test(
  'query-service answers every request as documented',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(queryRequests, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (requests) => {
        await Promise.all(requests.map((request) => ask(suite.query.url, request)));
      }),
      options,
    );
  },
  timeoutMs,
);
