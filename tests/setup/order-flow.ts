import { setTimeout as delay } from 'node:timers/promises';
import type { Suite } from './suite.js';

export interface OrderFlow {
  /** Ends the flow and returns the ids of the orders that were answered 201. */
  end(): Promise<readonly number[]>;
}

/** Several clients send orders until `end` is called. They do not repeat a failed request, which may be stored or not. */
export function startOrderFlow(suite: Suite, productIds: readonly number[], clients = 4): OrderFlow {
  let isEnding = false;
  const accepted: number[] = [];
  const client = async (customerId: number) => {
    for (let n = 0; !isEnding; n += 1) {
      const productId = productIds[(n + customerId) % productIds.length];
      const items = [{ productId, quantity: 1 + (n % 3) }];
      try {
        const { status, body } = await suite.post('/api/orders', { customerId, items });
        if (status === 201) accepted.push(body.orderId);
        else await delay(20);
      } catch {
        await delay(20);
      }
    }
  };
  const running = Array.from({ length: clients }, (_, index) => client(index + 1));
  return {
    end: async () => {
      isEnding = true;
      await Promise.all(running);
      return accepted;
    },
  };
}

export async function createProducts(suite: Suite, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const body = { name: `Product ${n}`, category: `Category ${n % 3}`, price: 0.99 + n, stock: 1_000_000 };
    ids.push((await suite.post('/api/products', body)).body.productId);
  }
  return ids;
}
