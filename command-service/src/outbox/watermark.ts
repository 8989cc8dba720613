import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import type { Publisher } from '@tallyline/chassis/publisher';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID, WATERMARK_TOPIC } from '@tallyline/contracts/topology';
import type { Watermark } from '@tallyline/contracts/watermark';
import { v7 as uuidv7 } from 'uuid';
import {
  type Backlog,
  countCommitted,
  isAnyCommittedBefore,
  lockReportedUntil,
  readBacklog,
  setReportedUntil,
} from './watermark.sql.js';

/** How far back each watermark recounts: a transaction commits at most this long after it stamped its events. */
const RECOUNT_MS = 15_000;
/** One watermark covers at most this much, so that a day's outage becomes 24 messages of 200 kB, not one of 5 MB. */
const MAX_SPAN_MS = 3_600_000;

export interface WatermarkReporter {
  /** Sends one watermark. 'busy' when the time up to now needs more than one. */
  runOnce(): Promise<'busy' | 'idle'>;
}

/**
 * Tells the read side how many events were committed in each second, through the same exchange as the events. What was
 * told is remembered in the database, so a relay that dies or a broker that is away leaves no second untold.
 */
export function createWatermarkReporter(
  pool: Pool,
  publisher: () => Publisher | undefined,
  onBacklog: (backlog: Backlog) => void = () => undefined,
): WatermarkReporter {
  return {
    runOnce: async () => {
      const open = publisher();
      if (open === undefined) {
        // Nobody can be told now, and this is when whoever watches wants to know most.
        onBacklog(await withTransaction(pool, 'read backlog', readBacklog));
        return 'idle';
      }
      return withTransaction(pool, 'report watermark', async (tx) => {
        const locked = await lockReportedUntil(tx);
        if (locked === undefined) return 'idle';
        const { reportedUntil, now } = locked;
        const until = new Date(Math.min(now.getTime(), reportedUntil.getTime() + MAX_SPAN_MS));
        const from = new Date(Math.floor((reportedUntil.getTime() - RECOUNT_MS) / 1000) * 1000);
        const seconds = await countCommitted(tx, from, new Date(until.getTime() + 1));
        const backlog = await readBacklog(tx);
        onBacklog(backlog);
        const outcome = await open.publish(
          watermarkMessage({
            measuredAt: until.toISOString(),
            from: from.toISOString(),
            isFirst: !(await isAnyCommittedBefore(tx, from)),
            seconds: seconds.map(({ second, committed, firstAt }) => ({
              second: second.toISOString(),
              committed,
              firstAt: firstAt.toISOString(),
            })),
            waiting: backlog.waiting,
          }),
        );
        if (outcome !== 'confirmed') throw new Error(`the broker answered a watermark with "${outcome}"`);
        await setReportedUntil(tx, until);
        return until < now ? 'busy' : 'idle';
      });
    },
  };
}

function watermarkMessage(watermark: Watermark) {
  return {
    exchange: EVENTS_EXCHANGE,
    routingKey: WATERMARK_TOPIC,
    body: Buffer.from(JSON.stringify(watermark)),
    properties: { messageId: uuidv7(), type: 'Watermark', appId: OUTBOX_APP_ID, contentType: 'application/json' },
  };
}
