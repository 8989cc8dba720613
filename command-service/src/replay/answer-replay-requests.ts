import type { Connection } from '@tallyline/chassis/broker/link';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type ReplayRequest, replayRequest } from '@tallyline/contracts/replay-request';
import { REPLAY_QUEUE } from '@tallyline/contracts/topology';
import { tellAgainFrom, unpublishSeconds } from './replay.sql.js';

/** What was published in the last seconds may be on its way, and is not sent again. */
const GRACE_SECONDS = 10;

export interface ReplayDependencies {
  readonly pool: Pool;
  readonly log: Logger;
  /** Called when there is something to publish again. */
  readonly wake: () => void;
}

/**
 * Takes the read side's requests. Without acknowledgement: one that is lost or fails is not worth keeping, because the
 * read side asks again for as long as it misses something. Where the user may not read them, publishing goes on.
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
      `replay requests cannot be read from ${REPLAY_QUEUE}: events that the broker loses do not come back by themselves`,
    );
  }
}

async function answer(body: Buffer, { pool, log, wake }: ReplayDependencies): Promise<void> {
  const request = read(body);
  if (request === undefined) return log.warn('ignored a replay request that is not one');
  try {
    const seconds = request.seconds.map((second) => new Date(second));
    const events = seconds.length > 0 ? await unpublishSeconds(onPool(pool), seconds, GRACE_SECONDS) : 0;
    const { tellFrom } = request;
    if (tellFrom !== undefined) await tellAgainFrom(onPool(pool), tellFrom === null ? null : new Date(tellFrom));
    log.info({ events, seconds: seconds.length, tellFrom }, 'publishing again what the read side misses');
    if (events > 0) wake();
  } catch (error) {
    log.warn({ err: error }, 'a replay request failed; the read side will ask again');
  }
}

function read(body: Buffer): ReplayRequest | undefined {
  try {
    return replayRequest.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
