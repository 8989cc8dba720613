import { setTimeout as delay } from 'node:timers/promises';
import { type Figure, figureOfPairs } from '../figure.js';
import { inTurn } from '../in-turn.js';
import type { FoldedSql } from '../load/folded-sql.js';
import type { PlainConsumer } from '../load/plain-consumer.js';
import { runLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';
import { publish } from './relay.js';

/** More than the plain consumer can take in the time. */
const PLAIN_PER_SECOND_AT_MOST = 4_000;

export async function measureConsumer(run: Run): Promise<Figure[]> {
  const { backlog, loadMs } = run.scale;
  const [ours, plain] = [await createStage(run.servers), await createStage(run.servers)];
  for (const stage of [ours, plain]) await declareTopology(stage);
  const reference = async () => {
    await publish(plain, (PLAIN_PER_SECOND_AT_MOST * loadMs) / 1000);
    const load: PlainConsumer = { brokerUrl: plain.brokerUrl, readUrl: plain.readUrl, durationMs: loadMs };
    const { perSecond } = await runLoad<{ perSecond: number }>('plain-consumer', load);
    await plain.purgeOrderEvents();
    return perSecond;
  };
  const pairs = await inTurn(run, 'consumer', 'events/s', () => emptyQueue(ours, backlog), reference);
  await Promise.all([ours.drop(), plain.drop()]);
  const described = {
    name: 'consumer',
    unit: 'events/s',
    reference: 'one event per transaction',
    goal: { atLeast: 20 },
  };
  return [figureOfPairs(described, pairs)];
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
  const pairs = await inTurn(run, 'consumer-floor', 'events/s', () => emptyQueue(ours, backlog), reference);
  await Promise.all([ours.drop(), floor.drop()]);
  const described = {
    name: 'consumer-floor',
    unit: 'events/s',
    reference: 'the same batches as folded SQL, no broker',
    goal: { atLeast: 0.5 },
  };
  return [figureOfPairs(described, pairs)];
}

/** Events per second from the first transaction to the last commit. The consumer starts with the queue already full. */
export async function emptyQueue(stage: Stage, count: number): Promise<number> {
  const settledBefore = await settledCount(stage);
  await publish(stage, count);
  const { rows } = await stage.onRead((client) => client.query('SELECT clock_timestamp() AS now'));
  const service = await startService('consumer-service', stage);
  const endedAt = await untilSettled(stage, settledBefore + count);
  await service.stop();
  const first = await stage.onRead((client) =>
    client.query('SELECT min(processed_at) AS at FROM processed_events WHERE processed_at >= $1', [rows[0].now]),
  );
  return count / ((endedAt.getTime() - first.rows[0].at.getTime()) / 1000);
}

const SETTLED = {
  name: 'settled',
  text: 'SELECT COALESCE(sum(settled), 0)::float8 AS settled, clock_timestamp() AS now FROM event_ledger',
};

async function settledCount(stage: Stage): Promise<number> {
  const { rows } = await stage.onRead((client) => client.query(SETTLED));
  return rows[0].settled;
}

/** Counted in the ledger, which has a row per second of events: counting the inbox would be a load of its own. */
function untilSettled(stage: Stage, expected: number): Promise<Date> {
  return stage.onRead(async (client) => {
    for (;;) {
      const { rows } = await client.query(SETTLED);
      if (rows[0].settled >= expected) return rows[0].now;
      await delay(20);
    }
  });
}
