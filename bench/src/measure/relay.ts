import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figureInTurn } from '../in-turn.js';
import type { BarePublishing } from '../load/bare-publishing.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { seedBacklog } from '../seed.js';
import { startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';
import { untilPublished } from './orders.js';

/** The first figure has no goal: an event has headers by contract, so bare bodies are no fair reference. */
const REFERENCES = [
  { name: 'relay', asEvents: false, reference: 'bare confirmed publishing from memory', goal: undefined },
  {
    name: 'relay-ceiling',
    asEvents: true,
    reference: 'the same with the properties and headers of an event',
    goal: goals.relayCeiling,
  },
] as const;

export async function measureRelay(run: Run): Promise<Figure[]> {
  const { backlog } = run.scale;
  const figures: Figure[] = [];
  for (const { asEvents, ...described } of REFERENCES) {
    const [ours, bare] = [await createStage(run.servers), await createStage(run.servers)];
    for (const stage of [ours, bare]) await declareTopology(stage);
    figures.push(
      ...(await figureInTurn(
        run,
        { ...described, unit: 'events/s' },
        () => drainBacklog(ours, backlog),
        async () => {
          const { perSecond } = await publish(bare, backlog, { asEvents });
          await bare.purgeOrderEvents();
          return perSecond;
        },
      )),
    );
    await Promise.all([ours.drop(), bare.drop()]);
  }
  return figures;
}

let published = 10_000_000;

/** Publishes events that no earlier run has published. */
export function publish(
  { brokerUrl }: Stage,
  count: number,
  { asEvents = false } = {},
): Promise<{ perSecond: number }> {
  const load: BarePublishing = { brokerUrl, first: published, count, asEvents };
  published += count;
  return runLoad('bare-publishing', load);
}

/** Returns the events per second from the first claim to the last mark. The backlog is there before the service starts. */
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
