import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker-link';
import { assertTopology } from '@tallyline/chassis/broker-topology';
import type { Logger } from '@tallyline/chassis/logger';
import { startLoop } from '@tallyline/chassis/loop';
import type { Pool } from '@tallyline/chassis/postgres';
import { createPublisher, type Publisher } from '@tallyline/chassis/publisher';
import { topology } from '@tallyline/contracts/topology';
import type { Measures } from '../measures.js';
import { answerReplayRequests } from '../replay/answer-replay-requests.js';
import { createRelay } from './relay.js';
import { createWatermarkReporter } from './watermark.js';

/** Often enough that lag is known to the second; each costs one index range of the last 15 s. */
const WATERMARK_INTERVAL_MS = 1_000;

/**
 * A backlog is relayed by two loops: one claims and marks while the other's batch is at the broker, where a single loop
 * left half of the time unused. The second one is woken by full claims alone.
 */
const SECOND_RELAY_IDLE_MS = 3_600_000;

export interface Outbox {
  readonly link: BrokerLink<Publisher>;
  /** Call after each commit that wrote outbox rows. */
  wake(): void;
  /** Resolves when the batch under way is confirmed and marked, and the connection is closed. */
  stop(): Promise<void>;
}

export interface OutboxOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly pollIntervalMs: number;
  readonly measures: Measures;
  readonly onFatal: (error: Error) => void;
}

/** Starts the relay and the watermark reporter on one supervised broker connection. */
export function startOutbox({ pool, log, brokerUrl, pollIntervalMs, measures, onFatal }: OutboxOptions): Outbox {
  const link = superviseBroker<Publisher>({
    url: brokerUrl,
    name: 'command-service relay',
    log,
    onFatal,
    open: async (connection) => {
      const channel = await connection.confirmChannel();
      await assertTopology(channel, topology, connection.brokerMajorVersion);
      await answerReplayRequests(connection, { pool, log, wake: () => relay.wake() });
      // A blocked broker confirms nothing, and says so.
      return createPublisher(channel, () => {
        if (!link.blocked()) connection.fail(new Error('the broker confirms nothing'));
      });
    },
    onUp: () => {
      relay.wake();
      reporter.wake();
    },
  });
  const publisher = () => (link.blocked() ? undefined : link.session());
  const { runOnce } = createRelay({
    pool,
    log,
    publisher,
    onFullClaim: () => second.wake(),
    onOutcome: measures.onOutcome,
  });
  const relay = startLoop('relay', log, { idleMs: pollIntervalMs, turn: runOnce });
  const second = startLoop('second relay', log, { idleMs: SECOND_RELAY_IDLE_MS, turn: runOnce });
  const watermarks = createWatermarkReporter(pool, publisher, measures.onBacklog);
  const reporter = startLoop('watermark', log, { idleMs: WATERMARK_INTERVAL_MS, turn: watermarks.runOnce });

  return {
    link,
    wake: () => relay.wake(),
    stop: async () => {
      await Promise.all([relay.stop(), second.stop(), reporter.stop()]);
      await link.stop();
    },
  };
}
