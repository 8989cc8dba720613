import { CATEGORIES, CUSTOMERS, PRODUCTS, priceOf } from '../seed.js';

export interface OrderEvent {
  readonly id: string;
  readonly orderId: number;
  readonly customerId: number;
  readonly productId: number;
  readonly category: string;
  readonly cents: number;
  readonly occurredAt: string;
  readonly body: Buffer;
}

/** Event number `n` of a series, with the body that command-service writes. Any 1,000 in a row have different products. */
export function orderEvent(n: number): OrderEvent {
  const at = new Date();
  const time = at.getTime().toString(16).padStart(12, '0');
  const tail = n.toString(16).padStart(15, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8000-${tail.slice(3)}`;
  const productId = 1 + (n % PRODUCTS);
  const customerId = 1 + (n % CUSTOMERS);
  const category = `Category ${n % CATEGORIES}`;
  const price = priceOf(productId);
  const occurredAt = at.toISOString();
  const items = [{ productId, category, quantity: 1, price }];
  const event = { eventId: id, eventType: 'OrderCreated', occurredAt, orderId: n, customerId, total: price, items };
  const cents = Math.round(price * 100);
  return {
    id,
    orderId: n,
    customerId,
    productId,
    category,
    cents,
    occurredAt,
    body: Buffer.from(JSON.stringify(event)),
  };
}

export function orderEvents(first: number, count: number): OrderEvent[] {
  return Array.from({ length: count }, (_, index) => orderEvent(first + index));
}
