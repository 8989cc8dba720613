import { randomUUID } from 'node:crypto';
import type { BrokerLink } from '@tallyline/chassis/broker/link';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import { MAX_REPLAY_SECONDS, type ReplayRequest } from '@tallyline/contracts/replay-request';
import { EVENTS_EXCHANGE, eventQueues, REPLAY_TOPIC, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { PublisherLink } from '../subscription/publisher-link.js';
import type { Session } from '../subscription/session.js';
import { GRACE_SECONDS, nextEventsRequest, nextWatermarksRequest } from './next-replay-request.js';
import {
  findShortSeconds,
  lockReplayState,
  recordComplete,
  recordEventsRequest,
  recordWatermarksRequest,
} from './replay.sql.js';

/** The requester runs twice in each grace period. Each run costs two index reads. */
const INTERVAL_MS = 5_000;

export interface RequestReplayOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: PublisherLink['publish'];
  /** True when no event and no watermark waits in a queue. */
  readonly drained: () => Promise<boolean>;
}

/** Runs the replay requester on the consumer's own connection, every few seconds. */
export function startReplayRequests(
  pool: Pool,
  log: Logger,
  link: BrokerLink<Session>,
  { publish }: PublisherLink,
): Loop {
  const drained = async () => {
    const session = link.session();
    if (session === undefined) return false;
    for (const queue of [...Object.keys(eventQueues), WATERMARK_QUEUE]) {
      if ((await session.channel.checkQueue(queue)).messageCount > 0) return false;
    }
    return true;
  };
  const { runOnce } = createReplayRequester({ pool, log, publish, drained });
  return startLoop('replay requests', log, { idleMs: INTERVAL_MS, turn: runOnce });
}

/**
 * Requests events and watermarks that are missing although the queues are empty: the broker has lost what it had confirmed.
 * The ledger shows in which seconds events are missing. The outbox still has them, and the inbox makes copies harmless.
 */
export function createReplayRequester({ pool, log, publish, drained }: RequestReplayOptions) {
  const runOnce = () =>
    withTransaction(pool, 'request replay', async (tx): Promise<'idle'> => {
      const state = await lockReplayState(tx);
      if (state === undefined) return 'idle';
      const next = await findShortSeconds(tx, state.requestedUntil, GRACE_SECONDS, MAX_REPLAY_SECONDS);
      // After the last second that lacks events, the requests begin again with the first one.
      const isNewRound = next.length === 0;
      const short = isNewRound ? await findShortSeconds(tx, null, GRACE_SECONDS, MAX_REPLAY_SECONDS) : next;
      const isFirst = state.eventsAttempts + state.watermarksAttempts === 0;
      if (short.length === 0 && state.gapSeconds === null) {
        if (isFirst) return 'idle';
        await recordComplete(tx);
        log.info('all missing events and watermarks have arrived; the views are complete again');
        return 'idle';
      }
      const events = nextEventsRequest(state, short);
      const watermarks = nextWatermarksRequest(state);
      if ((!events && !watermarks) || !(await drained())) return 'idle';
      const request: ReplayRequest = {
        seconds: events?.seconds.map(({ second }) => second.toISOString()) ?? [],
        ...(watermarks && { tellFrom: state.measuredAt?.toISOString() ?? null }),
      };
      if ((await publish(replayMessage(request))) !== 'confirmed') return 'idle';
      const { tellFrom } = request;
      const missing = events?.missing ?? 0;
      const facts = { missing, waitingInOutbox: state.waiting, seconds: request.seconds.length, tellFrom };
      if (isFirst) log.warn(facts, 'events or watermarks are missing; asked the write side to publish them again');
      else log.debug(facts, 'events or watermarks are still missing; asked the write side again');
      if (events) {
        const attempts = isNewRound ? events.attempts + 1 : Math.max(1, events.attempts);
        await recordEventsRequest(tx, attempts, events);
      }
      if (watermarks) await recordWatermarksRequest(tx, watermarks.attempts + 1);
      return 'idle';
    });
  return { runOnce };
}

function replayMessage(request: ReplayRequest) {
  return {
    exchange: EVENTS_EXCHANGE,
    routingKey: REPLAY_TOPIC,
    body: Buffer.from(JSON.stringify(request)),
    properties: {
      messageId: randomUUID(),
      type: 'ReplayRequested',
      appId: 'consumer-service',
      contentType: 'application/json',
    },
  };
}
