import type { Random } from '../random.js';

export interface Product {
  readonly id: number;
  readonly priceCents: number;
}

/** A request and its outcome, as its client knows them. */
export interface ShopRequest {
  /** Identifies the outbox row that the request stored. */
  readonly traceparent: string;
  /** A request without a key is sent once. */
  readonly key: string | undefined;
  readonly customerId: number;
  readonly body: string;
  readonly totalCents: number;
  attempts: number;
  /** `unknown` means no final answer: the request is stored zero times or once. */
  outcome: 'accepted' | 'refused' | 'unknown';
  orderId?: number;
  eventId?: string;
}

const CUSTOMERS = 20;
const WITHOUT_KEY_PROBABILITY = 0.1;

/** Makes an order of one to four lines. Few customers and products cause many lock conflicts. */
export function newRequest(random: Random, products: readonly Product[]): ShopRequest {
  const lines = Array.from({ length: random.int(1, 4) }, () => ({
    product: random.pick(products),
    quantity: random.int(1, 3),
  }));
  const customerId = random.int(1, CUSTOMERS);
  const items = lines.map(({ product, quantity }) => ({ productId: product.id, quantity }));
  return {
    traceparent: `00-${random.hex(31)}1-${random.hex(15)}1-01`,
    key: random.chance(WITHOUT_KEY_PROBABILITY) ? undefined : random.hex(32),
    customerId,
    body: JSON.stringify({ customerId, items }),
    totalCents: lines.reduce((sum, { product, quantity }) => sum + product.priceCents * quantity, 0),
    attempts: 0,
    outcome: 'unknown',
  };
}
