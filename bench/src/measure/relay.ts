import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { BarePublishing } from '../load/bare-publishing.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { seedBacklog } from '../seed.js';
import { startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';
import { untilPublished } from './orders.js';

export async function measureRelay(run: Run): Promise<Figure[]> {
  const { backlog } = run.scale;
  const [ours, reference] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, reference]) await declareTopology(stage);
  const pairs = await inTurn(
    run,
    'relay',
    'events/s',
    () => drainBacklog(ours, backlog),
    async () => {
      const { perSecond } = await publish(reference, backlog);
      await reference.purgeOrderEvents();
      return perSecond;
    },
  );
  await Promise.all([ours.drop(), reference.drop()]);
  const described = {
    name: 'relay',
    unit: 'events/s',
    reference: 'bare confirmed publishing from memory',
    goal: { atLeast: 0.8 },
  };
  return [figureOfPairs(described, pairs)];
}

let published = 10_000_000;

/** Publishes events that no earlier run has published. */
export function publish({ brokerUrl }: Stage, count: number): Promise<{ perSecond: number }> {
  const load: BarePublishing = { brokerUrl, first: published, count };
  published += count;
  return runLoad('bare-publishing', load);
}

/** Events per second from the first claim to the last mark. The service starts with the backlog already there. */
export async function drainBacklog(stage: Stage, backlog: number): Promise<number> {
  await stage.onWrite((client) => seedBacklog(client, published, backlog));
  published += backlog;
  const { rows } = await stage.onWrite((client) => client.query('SELECT clock_timestamp() AS now'));
  const service = await startService('command-service', stage);
  const endedAt = await untilPublished(stage);
  await service.stop();
  const firstClaim = await stage.onWrite((client) =>
    client.query('SELECT min(published_at) AS at FROM outbox WHERE published_at >= $1', [rows[0].now]),
  );
  await stage.purgeOrderEvents();
  return backlog / ((endedAt.getTime() - firstClaim.rows[0].at.getTime()) / 1000);
}
