import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker/link';
import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { startLoop } from '@tallyline/chassis/process/loop';
import { topology } from '@tallyline/contracts/topology';
import type { Measures } from '../measures.js';
import { answerReplayRequests } from '../replay/answer-replay-requests.js';
import type { WriteDatabase } from './emit.js';
import { type EventOrigin, originOf } from './event-message.js';
import { createHandOver, type RunningHandOver } from './hand-over.js';
import { createRelay } from './relay.js';
import { createSettlement } from './settlement.js';
import { readSource } from './source.sql.js';
import { createWatermarkReporter } from './watermark.js';

/** Often enough that lag is known to the second; each costs one index range of the last 15 s. */
const WATERMARK_INTERVAL_MS = 1_000;

/** Of loops that work only when they are told so. */
const WOKEN_ONLY_MS = 3_600_000;

/** Marks go together: a lone event's at once, under load 20 commits a second, where claim and mark took 220. */
const SETTLING_PAUSE_MS = 50;

export interface Outbox {
  readonly link: BrokerLink<Publisher>;
  /** Events that are emitted by way of this go to the broker from memory, without a claim. */
  writeDatabase(pool: Pool): WriteDatabase;
  /** Why events wait in the outbox, in words that may be shown to whoever asks; undefined when nothing keeps them. */
  trouble(): string | undefined;
  /** Resolves when the batch under way is confirmed and marked, and the connection is closed. */
  stop(): Promise<void>;
}

export interface OutboxOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly pollIntervalMs: number;
  readonly measures: Measures;
}

/**
 * Starts what works on the outbox on one supervised broker connection: the hand-over with the loop that marks what it
 * published, the relay, the watermark reporter, and the answers to replay requests. A backlog is relayed by two loops: one
 * claims and marks while the other's batch is at the broker, where one alone left half of the time unused.
 */
export function startOutbox({ pool, log, brokerUrl, pollIntervalMs, measures }: OutboxOptions): Outbox {
  const link = superviseBroker<Publisher>({
    url: brokerUrl,
    name: 'command-service relay',
    log,
    topology,
    open: async (connection) => {
      // Events say which database they come from, so it must be known before the first is published.
      origin = originOf(await readSource(onPool(pool)));
      await answerReplayRequests(connection, { pool, log, wake: () => relay.wake() });
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
  const settlement = createSettlement({
    log,
    onOutcome: measures.onOutcome,
    onReturned: link.restoreTopology,
  });
  const options = { pool, broker, settlement };
  // By the first alone: a second relay that woke itself would never rest when all that it claims fails.
  const first = createRelay({ ...options, onFullClaim: () => second.wake() });
  const relay = startLoop('relay', log, { idleMs: pollIntervalMs, turn: first.runOnce });
  const second = startLoop('second relay', log, { idleMs: WOKEN_ONLY_MS, turn: createRelay(options).runOnce });
  const handOver = createHandOver({
    pool,
    broker,
    settlement,
    wakeRelay: () => relay.wake(),
    onAnswered: () => settling.wake(),
  });
  const settling = startLoop('settling', log, { idleMs: WOKEN_ONLY_MS, turn: () => settleAndRest(handOver) });
  const watermarks = createWatermarkReporter(pool, publisher, {
    onBacklog: measures.onBacklog,
    onSource: (source) => {
      origin = originOf(source);
    },
    untaken: settlement.untaken,
  });
  const reporter = startLoop('watermark', log, { idleMs: WATERMARK_INTERVAL_MS, turn: watermarks.runOnce });

  return {
    link,
    writeDatabase: (pool) => ({ pool, handOver }),
    trouble: () => {
      const away = link.trouble();
      if (away !== undefined) return `events wait in the outbox: ${away}`;
      const untaken = settlement.untaken();
      return untaken.length === 0 ? undefined : untaken.join('; ');
    },
    stop: () =>
      link.stop(async () => {
        await handOver.answered();
        await Promise.all([relay.stop(), second.stop(), settling.stop(), reporter.stop()]);
        // What cannot be marked now is published again when its lease has ended.
        await handOver.settle().catch((error: unknown) => log.warn({ err: error }, 'published events are not marked'));
      }),
  };
}

async function settleAndRest(handOver: RunningHandOver): Promise<'busy' | 'idle'> {
  if ((await handOver.settle()) === 0) return 'idle';
  await delay(SETTLING_PAUSE_MS);
  return 'busy';
}
