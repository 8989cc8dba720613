import { setTimeout as delay } from 'node:timers/promises';
import { CONFIRM_TIMEOUT_MS, type Publisher } from '@tallyline/chassis/broker/publisher';
import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Source } from '@tallyline/contracts/source';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID, WATERMARK_TOPIC } from '@tallyline/contracts/topology';
import { MAX_DETAIL_LENGTH, MAX_PROBLEMS, type Watermark } from '@tallyline/contracts/watermark';
import { v7 as uuidv7 } from 'uuid';
import { type Backlog, createBacklogReader } from './backlog.js';
import { createCommitHorizonReader } from './commit-horizon.js';
import { readSource } from './source.sql.js';
import {
  countCommitted,
  isAnyCommittedBefore,
  lockReportedUntil,
  readPrunedUntil,
  setReportedUntil,
} from './watermark.sql.js';
import { watermarkRange } from './watermark-range.js';

/** The longest span of one watermark. After a long outage, a watermark without a limit would be several megabytes long. */
const MAX_SPAN_MS = 3_600_000;
/** Each failure halves the span, down to this value: counting a busy hour may take longer than a statement may run. */
const MIN_SPAN_MS = 60_000;

export interface WatermarkOptions {
  readonly onBacklog?: (backlog: Backlog) => void;
  /** Called after each reading of the database's identity. */
  readonly onSource?: (source: Source) => void;
  /** Sentences that say which events the broker does not take. */
  readonly problems?: () => readonly string[];
}

export interface WatermarkReporter {
  /** Publishes one watermark. 'busy' when another one can follow at once. */
  runOnce(): Promise<'busy' | 'idle'>;
}

/**
 * Reports to the read side, through the exchange of the events, how many events were committed in each whole second before
 * the commit horizon. These counts are final. The read side only accounts for committed events, so once it has accounted for
 * as many of a second as were committed, it has all of them. With counts of a second that is still open, a newer event could
 * stand in for an older one that is missing.
 *
 * The database stores the end of what was reported, so no second is left out when a relay dies or the broker is unreachable.
 */
export function createWatermarkReporter(
  pool: Pool,
  publisher: () => Publisher | undefined,
  { onBacklog = () => undefined, onSource = () => undefined, problems = () => [] }: WatermarkOptions = {},
): WatermarkReporter {
  const readBacklog = createBacklogReader();
  const readHorizon = createCommitHorizonReader();
  let maxSpanMs = MAX_SPAN_MS;

  async function report(tx: Tx, open: Publisher): Promise<'busy' | 'idle'> {
    const reportedUntil = await lockReportedUntil(tx);
    if (reportedUntil === undefined) return 'idle';
    const { now, horizon } = await readHorizon(tx);
    const range = watermarkRange({ reportedUntil, now, horizon, maxSpanMs });
    if (range === undefined) return 'idle';
    const { from, until, countUntil, hasMore } = range;
    const seconds = await countCommitted(tx, from, countUntil);
    const prunedUntil = await readPrunedUntil(tx);
    const backlog = await readBacklog(tx);
    onBacklog(backlog);
    // The source is read after the counts, so that its log position is not before the events that they count.
    const source = await readSource(tx);
    onSource(source);
    const published = open.publish(
      watermarkMessage({
        measuredAt: until.toISOString(),
        toldAt: now.toISOString(),
        from: from.toISOString(),
        isFirst: !(await isAnyCommittedBefore(tx, from)),
        prunedUntil: prunedUntil?.toISOString(),
        seconds: seconds.map(({ second, committed, firstAt }) => ({
          second: second.toISOString(),
          committed,
          firstAt: firstAt.toISOString(),
        })),
        waiting: backlog.waiting,
        source,
        problems: problems()
          .slice(0, MAX_PROBLEMS)
          .map((sentence) => ({ code: 'events-not-taken', detail: sentence.slice(0, MAX_DETAIL_LENGTH) })),
      }),
    );
    // During an alarm, the broker confirms only when the alarm ends. Without a limit, no backlog would be read until then.
    const outcome = await Promise.race([published, delay(CONFIRM_TIMEOUT_MS, 'unanswered', { ref: false })]);
    if (outcome !== 'confirmed') throw new Error(`the broker answered a watermark with "${outcome}"`);
    await setReportedUntil(tx, until);
    return hasMore ? 'busy' : 'idle';
  }

  return {
    runOnce: async () => {
      const open = publisher();
      if (open === undefined) {
        // No watermark can be sent now, but the metrics must still show the growing backlog.
        onBacklog(await withTransaction(pool, 'read backlog', readBacklog));
        return 'idle';
      }
      try {
        const state = await withTransaction(pool, 'report watermark', (tx) => report(tx, open));
        maxSpanMs = MAX_SPAN_MS;
        return state;
      } catch (error) {
        maxSpanMs = Math.max(MIN_SPAN_MS, maxSpanMs / 2);
        throw error;
      }
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
