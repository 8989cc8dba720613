import { setTimeout as delay } from 'node:timers/promises';
import type { Figure } from '../figure.js';
import { goals } from '../goals.js';
import { figureInTurn } from '../in-turn.js';
import type { FoldedSql } from '../load/folded-sql.js';
import type { PlainConsumer } from '../load/plain-consumer.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';
import { publish } from './relay.js';

/** The plain consumer is slower than this, so its queue does not run empty. */
const MAX_PLAIN_PER_SECOND = 4_000;

export async function measureConsumer(run: Run): Promise<Figure[]> {
  const { backlog, loadMs } = run.scale;
  const [ours, plain] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, plain]) await declareTopology(stage);
  const reference = async () => {
    await publish(plain, (MAX_PLAIN_PER_SECOND * loadMs) / 1000);
    const load: PlainConsumer = { brokerUrl: plain.brokerUrl, readUrl: plain.readUrl, durationMs: loadMs };
    const { perSecond } = await runLoad<{ perSecond: number }>('plain-consumer', load);
    await plain.purgeOrderEvents();
    return perSecond;
  };
  const description = {
    name: 'consumer',
    unit: 'events/s',
    reference: 'one event per transaction',
    goal: goals.consumer,
  };
  const figures = await figureInTurn(run, description, () => emptyQueue(ours, backlog), reference);
  await Promise.all([ours.drop(), plain.drop()]);
  return figures;
}

let folded = 200_000_000;

export async function measureConsumerFloor(run: Run): Promise<Figure[]> {
  const { backlog } = run.scale;
  const [ours, floor] = [await createStage(run.servers), await createStage(run.servers)];
  await declareTopology(ours);
  const reference = async () => {
    const load: FoldedSql = { readUrl: floor.readUrl, first: folded, count: backlog };
    folded += backlog;
    return (await runLoad<{ perSecond: number }>('folded-sql', load)).perSecond;
  };
  const description = {
    name: 'consumer-floor',
    unit: 'events/s',
    reference: 'the same batches as folded SQL, no broker',
    goal: goals.consumerFloor,
  };
  const figures = await figureInTurn(run, description, () => emptyQueue(ours, backlog), reference);
  await Promise.all([ours.drop(), floor.drop()]);
  return figures;
}

/** Returns the events per second from the first transaction to the last commit. The queue is full before the consumer starts. */
export async function emptyQueue(stage: Stage, count: number): Promise<number> {
  const before = (await readAccountedFor(stage)).events;
  await publish(stage, count);
  const { rows } = await stage.onRead((client) => client.query('SELECT clock_timestamp() AS now'));
  const service = await startService('consumer-service', stage);
  const endedAt = await untilAccountedFor(stage, before + count);
  await service.stop();
  const first = await stage.onRead((client) =>
    client.query('SELECT min(processed_at) AS at FROM processed_events WHERE processed_at >= $1', [rows[0].now]),
  );
  return count / ((endedAt.getTime() - first.rows[0].at.getTime()) / 1000);
}

/** Reads the ledger, which has one row per second of events: counting the inbox would be a load of its own. */
const ACCOUNTED_FOR = {
  name: 'accounted-for',
  text: 'SELECT COALESCE(sum(settled), 0)::float8 AS events, clock_timestamp() AS now FROM event_ledger',
};

async function readAccountedFor(stage: Stage): Promise<{ events: number; now: Date }> {
  return stage.onRead(async (client) => (await client.query(ACCOUNTED_FOR)).rows[0]);
}

function untilAccountedFor(stage: Stage, expected: number): Promise<Date> {
  return stage.onRead(async (client) => {
    for (;;) {
      const { rows } = await client.query(ACCOUNTED_FOR);
      if (rows[0].events >= expected) return rows[0].now;
      await delay(20);
    }
  });
}
