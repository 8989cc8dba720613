import { Agent } from 'node:http';
import { postJson } from './post-json.js';
import type { ShopRequest } from './shop-request.js';

const ANSWER_TIMEOUT_MS = 4_000;
const agent = new Agent({ keepAlive: true, maxSockets: 200 });

/** Sends a request once and stores a final answer in it. Returns whether to send it again. */
export async function send(
  request: ShopRequest,
  url: string,
  patienceMs = ANSWER_TIMEOUT_MS,
): Promise<'done' | 'again'> {
  request.attempts += 1;
  const headers = { traceparent: request.traceparent, ...(request.key && { 'idempotency-key': request.key }) };
  try {
    const answer = await postJson(`${url}/api/orders`, request.body, { headers, agent, patienceMs });
    const body = answer.body as { orderId?: number; type?: string };
    if (answer.status === 201 && body.orderId !== undefined) {
      request.outcome = 'accepted';
      request.orderId = body.orderId;
      request.eventId = String(answer.headers['consistency-token']);
      return 'done';
    }
    if (answer.status >= 500 || body.type?.endsWith(':key-running')) return 'again';
    request.outcome = 'refused';
    return 'done';
  } catch {
    return 'again';
  }
}
