import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figureInTurn } from '../in-turn.js';
import type { ConstantRoute } from '../load/constant-route.js';
import { startLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { productIds, seedProductViews } from '../seed.js';
import { startService } from '../service.js';
import { createStage } from '../stage.js';
import { httpRate } from './http-rate.js';

/** The first reference is Express as most people start it. The second one has the same optimisation as our services. */
const REFERENCES = [
  { name: 'query', isTuned: false, reference: 'an Express route that answers a constant', goal: goals.query },
  {
    name: 'query-ceiling',
    isTuned: true,
    reference: 'the same, with messages created with the prototypes of Express, as in our services',
    goal: goals.queryCeiling,
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
  for (const { isTuned, ...described } of REFERENCES) {
    const constant = await startLoad<{ port: number }>('constant-route', { isTuned } satisfies ConstantRoute);
    const constantUrl = `http://127.0.0.1:${constant.answer.port}`;
    await getSales(constantUrl, warmUpMs);
    figures.push(
      ...(await figureInTurn(
        run,
        { ...described, unit: 'answers/s' },
        () => getSales(service.url, loadMs),
        () => getSales(constantUrl, loadMs),
      )),
    );
    await constant.stop();
  }
  await service.stop();
  await stage.drop();
  return figures;
}

export function getSales(url: string, durationMs: number): Promise<number> {
  const requests = productIds.map((id) => ({ path: `/api/analytics/products/${id}/sales` }));
  return httpRate({ url, method: 'GET', durationMs, requests });
}
