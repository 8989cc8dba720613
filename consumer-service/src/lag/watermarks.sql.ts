import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import { addReport, type Reported } from './reported-ranges.js';

/** Locks sync_state until the end of the transaction, and returns what has been reported so far. */
export async function lockReported(tx: Tx): Promise<Reported> {
  const [row] = await tx.query<{ until: Date | null; ahead: readonly [string, string][] }>({
    name: 'lock-sync-state',
    text: `SELECT measured_at AS until,
                  (SELECT COALESCE(json_agg(json_build_array(lower(r), upper(r))), '[]') FROM unnest(told_ahead) AS r) AS ahead
             FROM sync_state FOR UPDATE`,
  });
  const ahead = row?.ahead.map(([from, until]) => ({ from: Date.parse(from), until: Date.parse(until) })) ?? [];
  return { until: row?.until?.getTime() ?? Number.NEGATIVE_INFINITY, ahead };
}

/** Makes the statements that store watermarks one after the other. Watermarks that report nothing new are left out. */
export function storeWatermarks(before: Reported, watermarks: readonly Watermark[]): Statement[] {
  let reported = before;
  return watermarks.flatMap((watermark) => {
    const until = Date.parse(watermark.measuredAt);
    if (until <= reported.until) return [];
    const from = watermark.isFirst ? Number.NEGATIVE_INFINITY : Date.parse(watermark.from);
    reported = addReport(reported, { from, until });
    return [storeWatermark(watermark, reported)];
  });
}

/**
 * Stores one watermark and what is reported with it.
 * lacks_history is set when the write side has pruned events that were never reported here: they will not come any more.
 * clock_offset estimates the difference of the two clocks by the shortest transit time seen (received - sent). It creeps up
 * slowly, to follow a clock that was set. It starts at 1 s at most, and a backlog of watermarks does not raise it: otherwise
 * a watermark that waited in the queue for an hour would look as if it had just been sent.
 */
function storeWatermark(watermark: Watermark, { until, ahead }: Reported): Statement {
  const { measuredAt, toldAt = measuredAt, prunedUntil, waiting, problems = [] } = watermark;
  return {
    name: 'store-watermark',
    text: `
      UPDATE sync_state SET
        received_at = clock_timestamp(),
        waiting = $1,
        write_problems = $2,
        clock_offset = LEAST(clock_timestamp() - $3::timestamptz, COALESCE(
          clock_offset + LEAST((clock_timestamp() - received_at) * 0.01, interval '10 ms'), interval '1 s')),
        lacks_history = lacks_history OR ($4::timestamptz IS NOT NULL AND (measured_at IS NULL OR measured_at <= $4)),
        measured_at = $5,
        told_ahead = $6,
        gap_since = CASE WHEN isempty($6::tstzmultirange) THEN NULL
                         WHEN $5::timestamptz > measured_at THEN clock_timestamp()
                         ELSE COALESCE(gap_since, clock_timestamp()) END`,
    values: [waiting, JSON.stringify(problems), toldAt, prunedUntil, instantOf(until), multirangeOf(ahead)],
  };
}

function multirangeOf(ranges: Reported['ahead']): string {
  return `{${ranges.map(({ from, until }) => `[${instantOf(from)},${instantOf(until)})`).join(',')}}`;
}

function instantOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
