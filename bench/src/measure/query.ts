import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import { runLoad, startLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { PRODUCTS, seedProductViews } from '../seed.js';
import { startService } from '../service.js';
import { createStage } from '../stage.js';

const CONNECTIONS = 64;

export async function measureQuery(run: Run): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const stage = await createStage(run.servers);
  await stage.onRead((client) => seedProductViews(client, 1_000));
  const service = await startService('query-service', stage);
  const constant = await startLoad<{ port: number }>('constant-route', {});
  const constantUrl = `http://127.0.0.1:${constant.answer.port}`;
  run.progress('query: warming up');
  await getSales(service.url, warmUpMs);
  await getSales(constantUrl, warmUpMs);
  const pairs = await inTurn(
    run,
    'query',
    'answers/s',
    () => getSales(service.url, loadMs),
    () => getSales(constantUrl, loadMs),
  );
  await Promise.all([service.stop(), constant.stop()]);
  await stage.drop();
  const described = {
    name: 'query',
    unit: 'answers/s',
    reference: 'an Express route that answers a constant',
    goal: { atLeast: 0.6 },
  };
  return [figureOfPairs(described, pairs)];
}

export async function getSales(url: string, durationMs: number): Promise<number> {
  const { requestsPerSecond, failures } = await runLoad<HttpLoadAnswer>('http-load', {
    url,
    method: 'GET',
    connections: CONNECTIONS,
    durationMs,
    requests: Array.from({ length: PRODUCTS }, (_, index) => ({ path: `/api/analytics/products/${index + 1}/sales` })),
  } satisfies HttpLoad);
  if (failures > 0) throw new Error(`${failures} queries were not answered 200`);
  return requestsPerSecond;
}
