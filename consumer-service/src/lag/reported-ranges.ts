/** A time range of the write side's clock, in milliseconds since 1970. `until` is not part of it. */
export interface Range {
  readonly from: number;
  readonly until: number;
}

/**
 * The time that the write side has reported so far: all before `until`, and the ranges in `ahead`, which lie beyond a gap.
 * There is a gap while a watermark is on its way or was lost, or while another lane or consumer has committed a later one.
 */
export interface Reported {
  /** -Infinity before the first report. */
  readonly until: number;
  /** The ranges are in order, and none touches another or `until`. */
  readonly ahead: readonly Range[];
}

/** Adds the range of one watermark. `until` moves forward only when no gap is left before the range. */
export function addReport({ until, ahead }: Reported, report: Range): Reported {
  const ranges = [...ahead, report].filter((range) => range.from < range.until).sort((a, b) => a.from - b.from);
  let reportedUntil = until;
  const merged: Range[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (range.from <= reportedUntil) reportedUntil = Math.max(reportedUntil, range.until);
    else if (last !== undefined && range.from <= last.until)
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, range.until) };
    else merged.push(range);
  }
  return { until: reportedUntil, ahead: merged };
}
