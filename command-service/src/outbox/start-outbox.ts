import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker/link';
import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { startLoop } from '@tallyline/chassis/process/loop';
import { topology } from '@tallyline/contracts/topology';
import type { WrittenVersions } from '@tallyline/contracts/written-versions';
import { answerReplayRequests } from '../lag/answer-replay-requests.js';
import { readSource } from '../lag/source.sql.js';
import { createWatermarkReporter } from '../lag/watermark.js';
import type { ServiceMetrics } from '../metrics.js';
import type { WriteDatabase } from './emit.js';
import { type EventOrigin, originOf } from './event-message.js';
import { createHandOver, type RunningHandOver } from './hand-over.js';
import { createPublishResults } from './publish-results.js';
import { createRelay } from './relay.js';

/** One watermark per second is enough, because lag is shown in whole seconds. */
const WATERMARK_INTERVAL_MS = 1_000;

/** Idle interval of loops driven by `wake()` alone. */
const WOKEN_ONLY_MS = 3_600_000;

/** Publish results that arrive within this time share one commit. The first result after an idle time is recorded at once. */
const RECORD_PAUSE_MS = 50;

export interface Outbox {
  readonly link: BrokerLink<Publisher>;
  /** Events emitted in transactions of this database are handed over: they go to the broker from memory, without a claim. */
  writeDatabase(pool: Pool): WriteDatabase;
  /** Returns a sentence for the health check that says why events wait in the outbox. Undefined when nothing keeps them. */
  trouble(): string | undefined;
  /** Resolves when all publish results are recorded and the connection is closed. */
  stop(): Promise<void>;
}

export interface OutboxOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly pollIntervalMs: number;
  readonly versions: WrittenVersions;
  readonly metrics: ServiceMetrics;
}

/**
 * Starts everything that works on the outbox, on one supervised broker connection: the hand-over with the loop that records
 * its publish results, two relays, the watermark reporter, and the answers to replay requests. In a backlog, one relay
 * claims and marks rows while the other waits for confirms.
 */
export function startOutbox({ pool, log, brokerUrl, pollIntervalMs, versions, metrics }: OutboxOptions): Outbox {
  const link = superviseBroker<Publisher>({
    url: brokerUrl,
    name: 'command-service relay',
    log,
    topology,
    open: async (connection) => {
      // Events name the database that they come from, so it must be known before the first one is published.
      origin = originOf(await readSource(onPool(pool)));
      await answerReplayRequests(connection, { pool, log, wakeRelay: () => relay.wake() });
      return connection.publisher();
    },
    onUp: () => {
      relay.wake();
      reporter.wake();
    },
  });
  let origin: EventOrigin | undefined;
  const publisher = () => (link.blocked() ? undefined : link.session());
  const broker = () => {
    const open = publisher();
    return open && origin && { publisher: open, origin };
  };
  const publishResults = createPublishResults({
    log,
    onOutcome: metrics.onOutcome,
    onReturned: link.restoreTopology,
  });
  const options = { pool, broker, publishResults };
  // Only the first relay wakes the second. If the second woke itself, it would spin while publishes fail.
  const first = createRelay({ ...options, onFullClaim: () => second.wake() });
  const relay = startLoop('relay', log, { idleMs: pollIntervalMs, turn: first.runOnce });
  const second = startLoop('second relay', log, { idleMs: WOKEN_ONLY_MS, turn: createRelay(options).runOnce });
  const handOver = createHandOver({
    ...options,
    wakeRelay: () => relay.wake(),
    onAnswered: () => recorder.wake(),
  });
  const recorder = startLoop('publish results', log, { idleMs: WOKEN_ONLY_MS, turn: () => recordAndPause(handOver) });
  const watermarks = createWatermarkReporter(pool, publisher, {
    onBacklog: metrics.onBacklog,
    onSource: (source) => {
      origin = originOf(source);
    },
    problems: publishResults.problems,
  });
  const reporter = startLoop('watermark', log, { idleMs: WATERMARK_INTERVAL_MS, turn: watermarks.runOnce });

  return {
    link,
    writeDatabase: (pool) => ({ pool, handOver, versions }),
    trouble: () => {
      const linkTrouble = link.trouble();
      if (linkTrouble !== undefined) return `events wait in the outbox: ${linkTrouble}`;
      return publishResults.problems().join('; ') || undefined;
    },
    stop: () =>
      link.stop(async () => {
        await handOver.answered();
        await Promise.all([relay.stop(), second.stop(), recorder.stop(), reporter.stop()]);
        await handOver.recordResults().catch((error: unknown) => {
          log.warn(
            { err: error },
            'published events could not be marked; they are published again after the next start',
          );
        });
      }),
  };
}

async function recordAndPause(handOver: RunningHandOver): Promise<'busy' | 'idle'> {
  if ((await handOver.recordResults()) === 0) return 'idle';
  await delay(RECORD_PAUSE_MS);
  return 'busy';
}
