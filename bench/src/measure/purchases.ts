import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import type { SqlPurchases } from '../load/sql-purchases.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { priceOf, productIds } from '../seed.js';
import type { Service } from '../service.js';
import type { Stage } from '../stage.js';
import { httpRate } from './http-rate.js';
import { measureWrites, SQL_CONNECTIONS } from './orders.js';

/** Each purchase is a transaction of its own. The goal is the ratio that orders had when each was a transaction of its own. */
export function measurePurchases(run: Run): Promise<Figure[]> {
  const description = {
    name: 'purchases',
    unit: 'purchases/s',
    reference: 'direct SQL, one transaction per purchase',
    goal: goals.purchases,
  };
  return measureWrites(run, description, postPurchases, insertPurchases);
}

/** No single load uses more numbers than this. */
const NUMBERS_PER_LOAD = 1_000_000;
let first = 0;

function postPurchases({ url }: Service, durationMs: number): Promise<number> {
  first += NUMBERS_PER_LOAD;
  const purchase = {
    branchId: 'downtown',
    cashierId: 'c-17',
    posId: 'pos-3',
    receiptId: 'R-{n}',
    idempotencyKey: 'k-{n}',
  };
  return httpRate({
    url,
    method: 'POST',
    durationMs,
    first,
    requests: productIds.slice(0, 500).map((productId) => ({
      path: '/api/purchases',
      body: JSON.stringify({ ...purchase, items: [{ productId, qty: 1, unitPrice: priceOf(productId) }] }),
    })),
  });
}

function insertPurchases({ writeUrl }: Stage, durationMs: number): Promise<{ perSecond: number }> {
  first += NUMBERS_PER_LOAD;
  const load: SqlPurchases = { writeUrl, connections: SQL_CONNECTIONS, durationMs, products: productIds, first };
  return runLoad('sql-purchases', load);
}
