import type { BrokerLink } from '@tallyline/chassis/broker/link';
import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import { eventQueues, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { Outbound } from '../outbound.js';
import type { Session } from '../subscription.js';
import { createReplayRequester } from './request-replay.js';

/** Half the grace, so that a loss is asked for 10 to 15 s after it: each look is two index reads. */
const INTERVAL_MS = 5_000;

export function startReplayRequests(pool: Pool, log: Logger, link: BrokerLink<Session>, { publish }: Outbound): Loop {
  const requester = createReplayRequester({
    pool,
    log,
    publish,
    drained: async () => {
      const session = link.session();
      if (session === undefined) return false;
      for (const queue of [...Object.keys(eventQueues), WATERMARK_QUEUE]) {
        if ((await session.channel.checkQueue(queue)).messageCount > 0) return false;
      }
      return true;
    },
  });
  return startLoop('replay requests', log, { idleMs: INTERVAL_MS, turn: requester.runOnce });
}
