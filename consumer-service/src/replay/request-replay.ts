import { randomUUID } from 'node:crypto';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { MAX_REPLAY_SECONDS, type ReplayRequest } from '@tallyline/contracts/replay-request';
import { EVENTS_EXCHANGE, REPLAY_TOPIC } from '@tallyline/contracts/topology';
import type { Outbound } from '../outbound.js';
import {
  findShortSeconds,
  lockReplayState,
  noteComplete,
  noteRequest,
  noteTellRequest,
  type ReplayState,
  type ShortSecond,
} from './replay.sql.js';

/** An event is in the views 20 ms after its commit; one that is 10 s old, while nothing is queued, is not on its way. */
export const GRACE_SECONDS = 10;
/** One request asks for the seconds of this many events at most; the next one follows when they have come. */
const MAX_EVENTS = 20_000;
/** What cannot be had (its outbox row is pruned) is asked for every 5 minutes, not every 10 s. */
const MAX_WAIT_SECONDS = 300;
/** A write side of an earlier version takes no request for more: they are as small in every other round that brings nothing. */
const FEW_SECONDS = 1_000;

export interface RequestReplayOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: Outbound['publish'];
  /** True when the broker holds no event or watermark that waits for a consumer. */
  readonly drained: () => Promise<boolean>;
}

/**
 * The ledger knows how many events of each second are missing. When they stay missing although the queues are empty, the
 * broker has lost what it had confirmed; the outbox still has it, and the inbox makes a second copy harmless.
 */
export function createReplayRequester({ pool, log, publish, drained }: RequestReplayOptions) {
  const ask = async (request: ReplayRequest, missing: number, waiting: number, isFirst: boolean): Promise<boolean> => {
    const outcome = await publish(replayMessage(request));
    if (outcome !== 'confirmed') return false;
    const facts = { missing, waitingInOutbox: waiting, seconds: request.seconds.length, tellFrom: request.tellFrom };
    if (isFirst)
      log.warn(facts, 'events were lost on the way, or wait in the outbox; asked the write side to publish them');
    else log.debug(facts, 'events are still missing; asked again');
    return true;
  };
  return {
    /** Looks once, and asks if there is something to ask for. */
    runOnce: () =>
      withTransaction(pool, 'request replay', async (tx): Promise<'idle'> => {
        const state = await lockReplayState(tx);
        if (state === undefined) return 'idle';
        const behind = await findShortSeconds(tx, state.askedUntil, GRACE_SECONDS, MAX_REPLAY_SECONDS);
        const isNewRound = behind.length === 0;
        const short = isNewRound ? await findShortSeconds(tx, null, GRACE_SECONDS, MAX_REPLAY_SECONDS) : behind;
        const isFirst = state.attempts + state.tellAttempts === 0;
        if (short.length === 0 && state.gapSeconds === null) {
          if (!isFirst) {
            await noteComplete(tx);
            log.info('what was missing has come; the views are complete again');
          }
          return 'idle';
        }
        const events = dueEvents(state, short);
        const telling = dueTelling(state);
        if ((!events && !telling) || !(await drained())) return 'idle';
        const missing = missingIn(events?.seconds ?? []);
        const request = {
          seconds: events?.seconds.map(({ second }) => second.toISOString()) ?? [],
          ...(telling && { tellFrom: state.measuredAt?.toISOString() ?? null }),
        };
        if (!(await ask(request, missing, state.waiting, isFirst))) return 'idle';
        if (events) {
          const attempts = isNewRound ? events.attempts + 1 : Math.max(1, events.attempts);
          await noteRequest(tx, attempts, events.from, events.until, missing);
        }
        if (telling) await noteTellRequest(tx, telling.attempts + 1);
        return 'idle';
      }),
  };
}

/**
 * What to ask for now, if anything. Progress is what came of the seconds that were asked for. When all came, the next ones
 * are due at once: 20,000 events have come in 5 s. When none came, they may wait in the outbox, all 20,000 of them, and keep
 * nothing behind them from being asked for: requests go round.
 */
function dueEvents({ left, ...last }: ReplayState, short: readonly ShortSecond[]) {
  const attempts = left < last.missing ? 0 : last.attempts;
  if (left > 0 && !isDue(last.requestAgeSeconds, attempts)) return undefined;
  const seconds = boundedSeconds(attempts % 2 === 0 ? short : short.slice(0, FEW_SECONDS));
  const [from, until] = [seconds[0]?.second, seconds.at(-1)?.second];
  return from && until && { seconds, from, until, attempts };
}

/** A gap that is younger than the last request is another one, or what is left of it: some was told. */
function dueTelling({ gapSeconds, tellAgeSeconds, tellAttempts }: ReplayState) {
  if (gapSeconds === null || gapSeconds < GRACE_SECONDS) return undefined;
  const attempts = tellAgeSeconds !== null && gapSeconds < tellAgeSeconds ? 0 : tellAttempts;
  return isDue(tellAgeSeconds, attempts) ? { attempts } : undefined;
}

function isDue(requestAgeSeconds: number | null, attempts: number): boolean {
  const waitSeconds = Math.min(MAX_WAIT_SECONDS, GRACE_SECONDS * 2 ** Math.max(0, attempts - 1));
  return requestAgeSeconds === null || requestAgeSeconds >= waitSeconds;
}

const missingIn = (seconds: readonly ShortSecond[]) => seconds.reduce((sum, { missing }) => sum + missing, 0);

function boundedSeconds(short: readonly ShortSecond[]): ShortSecond[] {
  let events = 0;
  return short.filter(({ committed }) => {
    events += committed;
    return events === committed || events <= MAX_EVENTS;
  });
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
