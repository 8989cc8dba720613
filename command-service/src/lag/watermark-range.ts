/** The facts from which the next watermark is computed. All times are of the write database's clock. */
export interface ReportState {
  /** The end of what was reported so far. */
  readonly reportedUntil: Date;
  readonly now: Date;
  /** The commit horizon; undefined when it is unknown. */
  readonly horizon: Date | undefined;
  readonly maxSpanMs: number;
}

export interface WatermarkRange {
  /** The watermark has the counts of all whole seconds from here on. */
  readonly from: Date;
  /** The end of what is reported, including this watermark. It never goes back. */
  readonly until: Date;
  /** The counts end here. It is earlier than `until` after the clock was set back. */
  readonly countUntil: Date;
  /** True if this watermark ends `maxSpanMs` after the last one and before the commit horizon: another can follow at once. */
  readonly hasMore: boolean;
}

/** Each watermark counts this span again, in case the clock was set back. */
const RECOUNT_MS = 15_000;

/**
 * The range of the next watermark; undefined when nothing new can be reported. A watermark only covers whole seconds before
 * the commit horizon, because their counts are final.
 *
 * If `reportedUntil` is later than the clock, the clock was set back. Until the clock has caught up, seconds that were
 * reported get more events, so they are counted again.
 */
export function watermarkRange({ reportedUntil, now, horizon, maxSpanMs }: ReportState): WatermarkRange | undefined {
  if (horizon === undefined) return undefined;
  const wasSetBack = reportedUntil > now;
  if (horizon < reportedUntil && !wasSetBack) return undefined;
  const spanEnd = new Date(reportedUntil.getTime() + maxSpanMs);
  const until = wholeSecond(latest(reportedUntil, earliest(horizon, spanEnd)));
  return {
    from: wholeSecond(new Date(earliest(reportedUntil, horizon).getTime() - RECOUNT_MS)),
    until,
    countUntil: earliest(until, wholeSecond(horizon)),
    hasMore: spanEnd < horizon,
  };
}

const wholeSecond = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
const earliest = (a: Date, b: Date) => (a < b ? a : b);
const latest = (a: Date, b: Date) => (a < b ? b : a);
