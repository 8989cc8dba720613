import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { EachStepAlone } from '../load/each-step-alone.js';
import type { FreshnessLoad } from '../load/freshness-load.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { seedProducts } from '../seed.js';
import { startService } from '../service.js';
import { createStage, declareTopology } from '../stage.js';

const ORDERS_PER_SECOND = 500;

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

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
    runLoad<Times>('freshness-load', {
      commandUrl: command?.url ?? '',
      queryUrl: query?.url ?? '',
      ordersPerSecond: ORDERS_PER_SECOND,
      warmUpMs,
      durationMs,
    } satisfies FreshnessLoad);
  run.progress('freshness: warming up');
  await follow(2 * loadMs);
  const oursTimes: Times[] = [];
  const aloneTimes: Times[] = [];
  let first = 1;
  const p50Pairs = await inTurn(
    run,
    'freshness',
    'ms (p50)',
    async () => noted(oursTimes, await follow(loadMs)),
    async () => {
      const { writeUrl, readUrl, brokerUrl } = alone;
      const load: EachStepAlone = { writeUrl, readUrl, brokerUrl, first, durationMs: loadMs };
      first += 1_000_000;
      return noted(aloneTimes, await runLoad<Times>('each-step-alone', load));
    },
  );
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all([ours.drop(), alone.drop()]);

  const p99Pairs = oursTimes.map(({ p99Ms }, index) => ({ ours: p99Ms, reference: aloneTimes[index]?.p50Ms ?? 0 }));
  const reference = 'order commit + confirmed publish + view commit, each alone (p50)';
  return [
    figureOfPairs({ name: 'freshness-p50', unit: 'ms', reference, goal: { atMost: 3 } }, p50Pairs),
    figureOfPairs({ name: 'freshness-p99', unit: 'ms', reference, goal: { atMost: 10 } }, p99Pairs),
  ];
}

function noted(all: Times[], times: Times): number {
  all.push(times);
  return times.p50Ms;
}
