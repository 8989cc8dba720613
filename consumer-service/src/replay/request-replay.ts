import { randomUUID } from 'node:crypto';
import type { Logger } from '@tallyline/chassis/logger';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { MAX_REPLAY_SECONDS, type ReplayRequest } from '@tallyline/contracts/replay-request';
import { EVENTS_EXCHANGE, REPLAY_TOPIC } from '@tallyline/contracts/topology';
import type { Outbound } from '../outbound.js';
import {
  findShortSeconds,
  lockReplayState,
  noteComplete,
  noteRequest,
  type ReplayState,
  type ShortSecond,
} from './replay.sql.js';

/** An event is in the views 20 ms after its commit; one that is 10 s old, while nothing is queued, is not on its way. */
export const GRACE_SECONDS = 10;
/** One request asks for the seconds of this many events at most; the next one follows when they have come. */
const MAX_EVENTS = 20_000;
/** What cannot be had (its outbox row is pruned) is asked for every 5 minutes, not every 10 s. */
const MAX_WAIT_SECONDS = 300;

export interface RequestReplayOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: Outbound['publish'];
  /** True when the broker holds no event that waits for a consumer. */
  readonly drained: () => Promise<boolean>;
}

/**
 * The ledger knows how many events of each second are missing. When they stay missing although the queues are empty, the
 * broker has lost what it had confirmed; the outbox still has it, and the inbox makes a second copy harmless.
 */
export function createReplayRequester({ pool, log, publish, drained }: RequestReplayOptions) {
  const ask = async (request: ReplayRequest, missing: number, attempts: number): Promise<boolean> => {
    const outcome = await publish(replayMessage(request));
    if (outcome !== 'confirmed') return false;
    const facts = { missing, seconds: request.seconds.length, tellFrom: request.tellFrom };
    if (attempts === 0) log.warn(facts, 'events were lost on the way; asked the write side to publish them again');
    else log.debug({ ...facts, attempts }, 'events are still missing; asked again');
    return true;
  };
  return {
    /** Looks once, and asks if there is something to ask for. */
    runOnce: () =>
      withTransaction(pool, 'request replay', async (tx): Promise<'idle'> => {
        const state = await lockReplayState(tx);
        if (state === undefined) return 'idle';
        const short = await findShortSeconds(tx, GRACE_SECONDS, MAX_REPLAY_SECONDS);
        const missing = short.reduce((sum, second) => sum + second.missing, 0);
        const hasGap = state.gapSeconds !== null;
        if (missing === 0 && !hasGap) {
          if (state.attempts > 0) {
            await noteComplete(tx);
            log.info('the lost events have come; the views are complete again');
          }
          return 'idle';
        }
        const attempts = missing < state.missing ? 0 : state.attempts;
        if (!isDue(state, attempts) || !(await drained())) return 'idle';
        const request = {
          seconds: boundedSeconds(short),
          ...(hasGap && { tellFrom: state.measuredAt?.toISOString() ?? null }),
        };
        if (await ask(request, missing, state.attempts)) await noteRequest(tx, attempts + 1, missing);
        return 'idle';
      }),
  };
}

function isDue({ requestAgeSeconds }: ReplayState, attempts: number): boolean {
  const waitSeconds = Math.min(MAX_WAIT_SECONDS, GRACE_SECONDS * 2 ** Math.max(0, attempts - 1));
  return requestAgeSeconds === null || requestAgeSeconds >= waitSeconds;
}

function boundedSeconds(short: readonly ShortSecond[]): string[] {
  let events = 0;
  return short
    .filter(({ committed }) => {
      events += committed;
      return events === committed || events <= MAX_EVENTS;
    })
    .map(({ second }) => second.toISOString());
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
