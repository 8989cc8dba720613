import type { Random } from '../random.js';

export interface Product {
  readonly id: number;
  readonly priceCents: number;
}

/** What became of one request, as its client knows it. */
export interface ShopRequest {
  /** Joins the request to what it stored: the outbox row keeps it. */
  readonly traceparent: string;
  /** Undefined: sent once, without a key. */
  readonly key: string | undefined;
  readonly customerId: number;
  readonly body: string;
  readonly totalCents: number;
  attempts: number;
  /** `unknown`: no final answer, so it is stored zero times or once. */
  outcome: 'accepted' | 'refused' | 'unknown';
  orderId?: number;
  eventId?: string;
}

const CUSTOMERS = 20;
const WITHOUT_KEY = 0.1;

/** One to four lines, sometimes of the same product twice; few customers and products, so that rows are fought over. */
export function newRequest(random: Random, products: readonly Product[]): ShopRequest {
  const lines = Array.from({ length: random.int(1, 4) }, () => ({
    product: random.pick(products),
    quantity: random.int(1, 3),
  }));
  const customerId = random.int(1, CUSTOMERS);
  const items = lines.map(({ product, quantity }) => ({ productId: product.id, quantity }));
  return {
    traceparent: `00-${random.hex(31)}1-${random.hex(15)}1-01`,
    key: random.chance(WITHOUT_KEY) ? undefined : random.hex(32),
    customerId,
    body: JSON.stringify({ customerId, items }),
    totalCents: lines.reduce((sum, { product, quantity }) => sum + product.priceCents * quantity, 0),
    attempts: 0,
    outcome: 'unknown',
  };
}
