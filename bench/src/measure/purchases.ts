import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import type { SqlPurchases } from '../load/sql-purchases.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { PRODUCTS, priceOf, seedProducts } from '../seed.js';
import { type Service, startService } from '../service.js';
import { createStage, type Stage } from '../stage.js';
import { untilPublished } from './orders.js';

const HTTP_CONNECTIONS = 64;
const SQL_CONNECTIONS = 32;

const products = Array.from({ length: PRODUCTS }, (_, index) => index + 1);

/** A till's purchase is a transaction of its own, as in the plain design, for which 0.35 of direct SQL was measured. */
export async function measurePurchases(run: Run): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const [ours, reference] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, reference]) await stage.onWrite(seedProducts);
  const service = await startService('command-service', ours);
  run.progress('purchases: warming up');
  await postPurchases(service, warmUpMs);
  await insertPurchases(reference, warmUpMs);
  const pairs = await inTurn(
    run,
    'purchases',
    'purchases/s',
    async () => {
      const rate = await postPurchases(service, loadMs);
      await untilPublished(ours);
      return rate;
    },
    () => insertPurchases(reference, loadMs),
  );
  await service.stop();
  await Promise.all([ours.drop(), reference.drop()]);
  const described = {
    name: 'purchases',
    unit: 'purchases/s',
    reference: 'direct SQL, one transaction per purchase',
    goal: { atLeast: 0.35 },
  };
  return [figureOfPairs(described, pairs)];
}

/** More than one run can use up. */
const NUMBERS_PER_RUN = 1_000_000;
let first = 0;

async function postPurchases({ url }: Service, durationMs: number): Promise<number> {
  first += NUMBERS_PER_RUN;
  const purchase = {
    branchId: 'downtown',
    cashierId: 'c-17',
    posId: 'pos-3',
    receiptId: 'R-{n}',
    idempotencyKey: 'k-{n}',
  };
  const { requestsPerSecond, failures } = await runLoad<HttpLoadAnswer>('http-load', {
    url,
    method: 'POST',
    connections: HTTP_CONNECTIONS,
    durationMs,
    first,
    requests: products.slice(0, 500).map((productId) => ({
      path: '/api/purchases',
      body: JSON.stringify({ ...purchase, items: [{ productId, qty: 1, unitPrice: priceOf(productId) }] }),
    })),
  } satisfies HttpLoad);
  if (failures > 0) throw new Error(`${failures} purchases were not answered 201`);
  return requestsPerSecond;
}

async function insertPurchases({ writeUrl }: Stage, durationMs: number): Promise<number> {
  first += NUMBERS_PER_RUN;
  const load: SqlPurchases = { writeUrl, connections: SQL_CONNECTIONS, durationMs, products, first };
  return (await runLoad<{ perSecond: number }>('sql-purchases', load)).perSecond;
}
