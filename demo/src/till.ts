import { randomUUID } from 'node:crypto';
import type { Random } from './random.js';
import type { ShopApi } from './shop-api.js';
import type { ShelfItem } from './stock-shelves.js';

export interface Till {
  /** Records one purchase and returns the status of the answer. */
  purchase(): Promise<number>;
}

const MAX_REGULARS = 400;
const RETURNING = 0.7;

export async function openTills(api: ShopApi, random: Random, shelf: readonly ShelfItem[]): Promise<Till> {
  const { status, body } = await api.command('/api/branches');
  if (status !== 200) throw new Error(`GET /api/branches answered ${status}: see the log of command-service`);
  const branches = body as { branchId: string }[];
  const regulars: string[] = [];
  const run = randomUUID().slice(0, 8);
  let receipts = 0;
  return {
    purchase: async () => {
      receipts += 1;
      // The first branch is the busiest.
      const branch = random.weighted(
        branches,
        ({ branchId }) => 1 / (1 + branches.findIndex((b) => b.branchId === branchId)),
      );
      const till = 1 + random.whole(4);
      const bought = new Set<ShelfItem>();
      const lines = 1 + random.whole(4);
      for (let line = 0; line < lines; line += 1) bought.add(random.weighted(shelf, ({ heat }) => heat));
      const userId = random.next() < RETURNING && regulars.length > 0 ? random.pick(regulars) : undefined;
      const { status, body } = await api.post('/api/purchases', {
        branchId: branch.branchId,
        cashierId: `c-${till}${random.whole(3)}`,
        posId: `pos-${till}`,
        receiptId: `R-${run}-${receipts}`,
        idempotencyKey: randomUUID(),
        ...(userId !== undefined && { userId }),
        items: [...bought].map(({ productId, price }) => ({ productId, qty: 1, unitPrice: price })),
      });
      if (status === 201 && userId === undefined && regulars.length < MAX_REGULARS) regulars.push(String(body.userId));
      return status;
    },
  };
}
