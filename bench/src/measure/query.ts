import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { ConstantRoute } from '../load/constant-route.js';
import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import { runLoad, startLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { PRODUCTS, seedProductViews } from '../seed.js';
import { startService } from '../service.js';
import { createStage } from '../stage.js';

const CONNECTIONS = 64;

/** The goal is Express as everybody starts it. How far we are from what we know of it by now is the second figure. */
const REFERENCES = [
  { name: 'query', isTuned: false, reference: 'an Express route that answers a constant', goal: { atLeast: 0.6 } },
  {
    name: 'query-ceiling',
    isTuned: true,
    reference: 'the same, its messages born with the prototypes of Express, as ours are',
    goal: { atLeast: 0.4 },
  },
] as const;

export async function measureQuery(run: Run): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const stage = await createStage(run.servers);
  await stage.onRead((client) => seedProductViews(client, 1_000));
  const service = await startService('query-service', stage);
  run.progress('query: warming up');
  await getSales(service.url, warmUpMs);
  const figures: Figure[] = [];
  for (const { name, isTuned, reference, goal } of REFERENCES) {
    const constant = await startLoad<{ port: number }>('constant-route', { isTuned } satisfies ConstantRoute);
    const constantUrl = `http://127.0.0.1:${constant.answer.port}`;
    await getSales(constantUrl, warmUpMs);
    const pairs = await inTurn(
      run,
      name,
      'answers/s',
      () => getSales(service.url, loadMs),
      () => getSales(constantUrl, loadMs),
    );
    await constant.stop();
    figures.push(figureOfPairs({ name, unit: 'answers/s', reference, goal }, pairs));
  }
  await service.stop();
  await stage.drop();
  return figures;
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
