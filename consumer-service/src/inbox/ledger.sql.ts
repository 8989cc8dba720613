import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Statement } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import type { SettledSecond } from './settled-seconds.js';

interface LedgerRow {
  readonly second: string;
  readonly settled: number;
  readonly lastAt: string | null;
  readonly committed: number;
  readonly firstAt: string | null;
}

/**
 * Adds to the ledger what a batch settled (applied or set aside) and what watermarks say was committed, per second of
 * the write side's clock. One statement, sorted: two of them would lock the same seconds in two orders, and deadlock
 * with another consumer. Committed counts only grow, so an old watermark that comes late changes nothing.
 */
export function addToLedger(settled: readonly SettledSecond[], watermarks: readonly Watermark[]): WriteStatement[] {
  const rows = ledgerRows(settled, watermarks);
  return rows.length === 0 ? [] : [ledgerPart(rows)];
}

/** Of no rows, it shows that the ledger could be written. */
export function ledgerPart(rows: readonly LedgerRow[]): WriteStatement {
  return {
    name: 'add-to-ledger',
    sql: `
      INSERT INTO event_ledger AS l (second, settled, last_settled_at, committed, first_at)
      SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::timestamptz[])
      ON CONFLICT (second) DO UPDATE SET
        settled = l.settled + EXCLUDED.settled,
        last_settled_at = GREATEST(l.last_settled_at, EXCLUDED.last_settled_at),
        committed = GREATEST(l.committed, EXCLUDED.committed),
        first_at = LEAST(l.first_at, EXCLUDED.first_at)
      WHERE EXCLUDED.settled > 0 OR l.committed < EXCLUDED.committed OR l.first_at IS NULL`,
    values: [
      rows.map((row) => row.second),
      rows.map((row) => row.settled),
      rows.map((row) => row.lastAt),
      rows.map((row) => row.committed),
      rows.map((row) => row.firstAt),
    ],
  };
}

function ledgerRows(settled: readonly SettledSecond[], watermarks: readonly Watermark[]): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const second of settled) rows.set(second.second, { ...second, committed: 0, firstAt: null });
  for (const told of watermarks.flatMap(({ seconds }) => seconds)) {
    const { committed } = told;
    const [second, firstAt] = [new Date(told.second).toISOString(), new Date(told.firstAt).toISOString()];
    const row = rows.get(second) ?? { second, settled: 0, lastAt: null, committed: 0, firstAt: null };
    const earliest = row.firstAt !== null && row.firstAt < firstAt ? row.firstAt : firstAt;
    rows.set(second, { ...row, committed: Math.max(row.committed, committed), firstAt: earliest });
  }
  return [...rows.values()].sort((a, b) => (a.second < b.second ? -1 : 1));
}

/**
 * Stores how far the write side has told.
 * measured_at goes forward only where a watermark follows on what was told before: after one that was lost, nothing is
 * known of the seconds that it told of, so sync-status grows stale until they are told again (see replay/). What was told
 * beyond is kept in told_ahead until then: of the hours of an outage, two lanes or consumers commit the later one first.
 * lacks_history is set where less was told before than the write side has pruned: what was between comes no more.
 * clock_offset is the least of (received - told), creeping up by 1 % of the time so that it follows a clock that was set:
 * ages computed with it compare one clock with itself. It starts at 1 s at most and a backlog of watermarks does not
 * raise it, because what waited in the queue for an hour would then look as if it were told just now.
 */
export function storeWatermark(watermark: Watermark): Statement {
  const { measuredAt, toldAt = measuredAt, from, isFirst, prunedUntil, waiting, problems = [] } = watermark;
  return {
    name: 'store-watermark',
    // Read from the row itself, never from a join: of two at a time, the second sees what the first one stored.
    text: `
      UPDATE sync_state s SET
        received_at = clock_timestamp(),
        waiting = $2,
        write_problems = $7,
        clock_offset = LEAST(clock_timestamp() - $5::timestamptz, COALESCE(
          clock_offset + LEAST((clock_timestamp() - received_at) * 0.01, interval '10 ms'), interval '1 s')),
        lacks_history = lacks_history OR ($6::timestamptz IS NOT NULL AND (measured_at IS NULL OR measured_at <= $6)),
        (measured_at, told_ahead, gap_since) = (
          SELECT NULLIF(until, '-infinity'), ahead,
                 CASE WHEN isempty(ahead) THEN NULL
                      WHEN until > s.measured_at THEN clock_timestamp()
                      ELSE COALESCE(s.gap_since, clock_timestamp()) END
            FROM (SELECT s.told_ahead
                       + tstzmultirange(tstzrange(NULL, COALESCE(s.measured_at, '-infinity')))
                       + tstzmultirange(tstzrange(CASE WHEN NOT $3::boolean THEN LEAST($4::timestamptz, $1) END, $1))
                  ) AS all_told (told)
           CROSS JOIN LATERAL (SELECT upper(part) FROM unnest(told) AS part WHERE lower_inf(part)) AS first (until)
           CROSS JOIN LATERAL (SELECT told - tstzmultirange(tstzrange(NULL, until))) AS others (ahead))
      WHERE measured_at IS NULL OR measured_at < $1::timestamptz`,
    values: [measuredAt, waiting, isFirst, from, toldAt, prunedUntil, JSON.stringify(problems)],
  };
}
