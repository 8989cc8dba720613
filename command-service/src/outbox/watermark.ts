import { setTimeout as delay } from 'node:timers/promises';
import { CONFIRM_TIMEOUT_MS, type Publisher } from '@tallyline/chassis/broker/publisher';
import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Source } from '@tallyline/contracts/source';
import { EVENTS_EXCHANGE, OUTBOX_APP_ID, WATERMARK_TOPIC } from '@tallyline/contracts/topology';
import { MAX_DETAIL_LENGTH, MAX_PROBLEMS, type Watermark } from '@tallyline/contracts/watermark';
import { v7 as uuidv7 } from 'uuid';
import { type Backlog, createBacklogReader } from './backlog.js';
import { createCommitHorizon } from './commit-horizon.js';
import { readSource } from './source.sql.js';
import {
  countCommitted,
  isAnyCommittedBefore,
  lockReportedUntil,
  readPrunedUntil,
  setReportedUntil,
} from './watermark.sql.js';

/** How far back each watermark recounts: a safety net for clocks that were set. */
const RECOUNT_MS = 15_000;
/** One watermark covers at most this much, so that a day's outage becomes 24 messages of 200 kB, not one of 5 MB. */
const MAX_SPAN_MS = 3_600_000;
/** And less after a failure: an hour of 2,000 events a second takes as long to count as a statement may. */
const MIN_SPAN_MS = 60_000;

export interface WatermarkOptions {
  readonly onBacklog?: (backlog: Backlog) => void;
  /** Called whenever the identity of the database was read. */
  readonly onSource?: (source: Source) => void;
  /** What the broker does not take at the moment, in words. */
  readonly untaken?: () => readonly string[];
}

export interface WatermarkReporter {
  /** Sends one watermark. 'busy' when the time up to now needs more than one. */
  runOnce(): Promise<'busy' | 'idle'>;
}

/**
 * Tells the read side, through the same exchange as the events, how many were committed in every whole second in which
 * nothing more can be. The counts are then final, and the read side's proof is sound: it can only settle what was
 * committed, so as many settled as committed are the same events. While a second is open, a newer event that was settled
 * would stand in for an older one that was not.
 *
 * What was told is remembered in the database, so a relay that dies or a broker that is away leaves no second untold.
 */
export function createWatermarkReporter(
  pool: Pool,
  publisher: () => Publisher | undefined,
  { onBacklog = () => undefined, onSource = () => undefined, untaken = () => [] }: WatermarkOptions = {},
): WatermarkReporter {
  const readBacklog = createBacklogReader();
  const readHorizon = createCommitHorizon();
  let spanMs = MAX_SPAN_MS;

  async function report(tx: Tx, open: Publisher): Promise<'busy' | 'idle'> {
    const reportedUntil = await lockReportedUntil(tx);
    if (reportedUntil === undefined) return 'idle';
    const { now, horizon } = await readHorizon(tx);
    // Nothing is known that was not reported. A clock that was set back is another matter: seconds that were reported get
    // more events until it has caught up.
    if (horizon === undefined || (horizon < reportedUntil && reportedUntil <= now)) return 'idle';
    const spanEnd = new Date(reportedUntil.getTime() + spanMs);
    const until = wholeSecond(latest(reportedUntil, earliest(horizon, spanEnd)));
    const from = wholeSecond(new Date(earliest(reportedUntil, horizon).getTime() - RECOUNT_MS));
    const seconds = await countCommitted(tx, from, earliest(until, wholeSecond(horizon)));
    const prunedUntil = await readPrunedUntil(tx);
    const backlog = await readBacklog(tx);
    onBacklog(backlog);
    // Behind the counts: the log has at least what they have.
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
        problems: untaken()
          .slice(0, MAX_PROBLEMS)
          .map((words) => ({ code: 'events-not-taken', detail: words.slice(0, MAX_DETAIL_LENGTH) })),
      }),
    );
    // An alarm is the answer to a publish, often to this one: its confirm comes when the alarm ends, and nobody would count.
    const outcome = await Promise.race([published, delay(CONFIRM_TIMEOUT_MS, 'unanswered', { ref: false })]);
    if (outcome !== 'confirmed') throw new Error(`the broker answered a watermark with "${outcome}"`);
    await setReportedUntil(tx, until);
    return spanEnd < horizon ? 'busy' : 'idle';
  }

  return {
    runOnce: async () => {
      const open = publisher();
      if (open === undefined) {
        // Nobody can be told now, and this is when whoever watches wants to know most.
        onBacklog(await withTransaction(pool, 'read backlog', readBacklog));
        return 'idle';
      }
      try {
        const state = await withTransaction(pool, 'report watermark', (tx) => report(tx, open));
        spanMs = MAX_SPAN_MS;
        return state;
      } catch (error) {
        spanMs = Math.max(MIN_SPAN_MS, spanMs / 2);
        throw error;
      }
    },
  };
}

const wholeSecond = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
const earliest = (a: Date, b: Date) => (a < b ? a : b);
const latest = (a: Date, b: Date) => (a < b ? b : a);

function watermarkMessage(watermark: Watermark) {
  return {
    exchange: EVENTS_EXCHANGE,
    routingKey: WATERMARK_TOPIC,
    body: Buffer.from(JSON.stringify(watermark)),
    properties: { messageId: uuidv7(), type: 'Watermark', appId: OUTBOX_APP_ID, contentType: 'application/json' },
  };
}
