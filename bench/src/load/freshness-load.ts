import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../figure.js';
import { answer, readInput } from '../load-process.js';
import { PRODUCTS } from '../seed.js';

export interface FreshnessLoad {
  readonly commandUrl: string;
  readonly queryUrl: string;
  readonly ordersPerSecond: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** Following every order would be a load of its own: 1 in 10 is asked for until it is there. */
const FOLLOWED_SHARE = 10;
const POLL_INTERVAL_MS = 1;
const GIVE_UP_MS = 10_000;

const { commandUrl, queryUrl, ordersPerSecond, warmUpMs, durationMs } = readInput<FreshnessLoad>();
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const freshnessMs: number[] = [];

function call(url: string, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function order(n: number, isMeasured: boolean): Promise<void> {
  const body = JSON.stringify({
    customerId: 1 + (n % 10_000),
    items: [{ productId: 1 + (n % PRODUCTS), quantity: 1 }],
  });
  const { status, text } = await call(`${commandUrl}/api/orders`, body);
  if (status !== 201) throw new Error(`an order was answered ${status}`);
  if (!isMeasured || n % FOLLOWED_SHARE !== 0) return;
  const answeredAt = performance.now();
  const url = `${queryUrl}/api/orders/${JSON.parse(text).orderId}`;
  while ((await call(url)).status !== 200) {
    if (performance.now() - answeredAt > GIVE_UP_MS) throw new Error(`${url} did not become visible`);
    await delay(POLL_INTERVAL_MS);
  }
  freshnessMs.push(performance.now() - answeredAt);
}

/** Orders leave on the clock, whatever the answers take: a slow answer must not thin out the load. */
const startedAt = performance.now();
const running: Promise<void>[] = [];
for (let n = 0; performance.now() - startedAt < warmUpMs + durationMs; ) {
  const elapsedMs = performance.now() - startedAt;
  for (; n < (elapsedMs / 1000) * ordersPerSecond; n += 1) running.push(order(n, elapsedMs > warmUpMs));
  await delay(1);
}
await Promise.all(running);
agent.destroy();
answer({ p50Ms: quantile(freshnessMs, 0.5), p99Ms: quantile(freshnessMs, 0.99), samples: freshnessMs.length });
