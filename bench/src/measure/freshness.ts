import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figuresInTurn } from '../in-turn.js';
import type { EachStepAlone } from '../load/each-step-alone.js';
import type { FreshnessLoad } from '../load/freshness-load.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { seedProducts } from '../seed.js';
import { startService } from '../service.js';
import { createStage, declareTopology } from '../stage.js';

const ORDERS_PER_SECOND = 500;

const described = { unit: 'ms', reference: 'order commit + confirmed publish + view commit, each alone (p50)' };

export async function measureFreshness(run: Run): Promise<Figure[]> {
  const { loadMs, warmUpMs } = run.scale;
  const [ours, alone] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, alone]) await stage.onWrite(seedProducts);
  await declareTopology(alone);
  const services = await Promise.all(
    (['command-service', 'consumer-service', 'query-service'] as const).map((name) => startService(name, ours)),
  );
  const [command, , query] = services;
  const follow = (durationMs: number) =>
    runLoad<{ p50Ms: number; p99Ms: number }>('freshness-load', {
      commandUrl: command?.url ?? '',
      queryUrl: query?.url ?? '',
      ordersPerSecond: ORDERS_PER_SECOND,
      warmUpMs,
      durationMs,
    } satisfies FreshnessLoad);
  run.progress('freshness: warming up');
  await follow(2 * loadMs);
  let first = 1;
  const figures = await figuresInTurn(
    run,
    [
      { ...described, name: 'freshness-p50', goal: goals.freshnessP50 },
      { ...described, name: 'freshness-p99', goal: goals.freshnessP99 },
    ],
    async () => {
      const { p50Ms, p99Ms } = await follow(loadMs);
      return [p50Ms, p99Ms];
    },
    async () => {
      const { writeUrl, readUrl, brokerUrl } = alone;
      const load: EachStepAlone = { writeUrl, readUrl, brokerUrl, first, durationMs: loadMs };
      first += 1_000_000;
      const { p50Ms } = await runLoad<{ p50Ms: number }>('each-step-alone', load);
      return [p50Ms, p50Ms];
    },
  );
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all([ours.drop(), alone.drop()]);
  return figures;
}
