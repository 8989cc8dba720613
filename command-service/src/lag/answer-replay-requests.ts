import type { Connection } from '@tallyline/chassis/broker/link';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type ReplayRequest, replayRequest } from '@tallyline/contracts/replay-request';
import { REPLAY_QUEUE } from '@tallyline/contracts/topology';
import { reportAgainFrom, unpublishSeconds } from './replay-requests.sql.js';

/** Events that were published less than this long ago may still be on their way, and are not published again. */
const GRACE_SECONDS = 10;

export interface ReplayDependencies {
  readonly pool: Pool;
  readonly log: Logger;
  /** Called when there are events to publish again. */
  readonly wakeRelay: () => void;
}

/**
 * Consumes the replay requests of the read side. They are not acknowledged: the read side repeats a request while events are
 * missing, so a lost request does no harm. If the broker user may not read the queue, the outbox works without replays.
 */
export async function answerReplayRequests(connection: Connection, dependencies: ReplayDependencies): Promise<void> {
  const refusal = await connection.optionalChannel((channel) =>
    channel.consume(
      REPLAY_QUEUE,
      (message) => {
        if (message === null) return connection.fail(new Error(`the broker cancelled the consumer of ${REPLAY_QUEUE}`));
        void answer(message.content, dependencies);
      },
      { noAck: true },
    ),
  );
  if (refusal) {
    dependencies.log.error(
      { error: refusal.message },
      `replay requests cannot be read from ${REPLAY_QUEUE}: events that the broker loses are not published again ` +
        'by themselves; let the broker user read that queue',
    );
  }
}

async function answer(body: Buffer, { pool, log, wakeRelay }: ReplayDependencies): Promise<void> {
  const request = parse(body);
  if (request === undefined) return log.warn('ignored a malformed replay request');
  try {
    const seconds = request.seconds.map((second) => new Date(second));
    const events = seconds.length > 0 ? await unpublishSeconds(onPool(pool), seconds, GRACE_SECONDS) : 0;
    const { tellFrom } = request;
    if (tellFrom !== undefined) await reportAgainFrom(onPool(pool), tellFrom === null ? null : new Date(tellFrom));
    log.info(
      { events, seconds: seconds.length, tellFrom },
      'answered a replay request: the events that the read side misses are published again',
    );
    if (events > 0) wakeRelay();
  } catch (error) {
    log.warn({ err: error }, 'a replay request failed; the read side will ask again');
  }
}

function parse(body: Buffer): ReplayRequest | undefined {
  try {
    return replayRequest.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
