import type { Statement } from '@tallyline/chassis/postgres';
import type { Part } from '@tallyline/chassis/postgres-together';
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
export function addToLedger(settled: readonly SettledSecond[], watermarks: readonly Watermark[]): Part[] {
  const rows = ledgerRows(settled, watermarks);
  if (rows.length === 0) return [];
  const part = {
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
  return [part];
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
 * known of the seconds that it told of, so sync-status grows stale until they are told again (see replay/).
 * lacks_history is set where less was told before than the write side has pruned: what was between comes no more.
 * clock_offset is the least of (received - told), creeping up by 1 % of the time so that it follows a clock that was set:
 * ages computed with it compare one clock with itself. It starts at 1 s at most and a backlog of watermarks does not
 * raise it, because what waited in the queue for an hour would then look as if it were told just now.
 */
export function storeWatermark(watermark: Watermark): Statement[] {
  const { measuredAt, toldAt = measuredAt, from, isFirst, prunedUntil, waiting } = watermark;
  const stored = {
    name: 'store-watermark',
    text: `
      UPDATE sync_state SET
        measured_at = $1,
        received_at = clock_timestamp(),
        waiting = $2,
        clock_offset = LEAST(clock_timestamp() - $5::timestamptz, COALESCE(
          clock_offset + LEAST((clock_timestamp() - received_at) * 0.01, interval '10 ms'), interval '1 s')),
        gap_since = NULL,
        lacks_history = lacks_history OR ($6::timestamptz IS NOT NULL AND (measured_at IS NULL OR measured_at <= $6))
      WHERE (measured_at IS NULL OR measured_at < $1::timestamptz) AND ($3::boolean OR measured_at >= $4::timestamptz)`,
    values: [measuredAt, waiting, isFirst, from, toldAt, prunedUntil],
  };
  const noted = {
    name: 'note-gap',
    text: `
      UPDATE sync_state SET gap_since = clock_timestamp()
       WHERE gap_since IS NULL AND NOT $1::boolean AND (measured_at IS NULL OR measured_at < $2::timestamptz)`,
    values: [isFirst, from],
  };
  return [stored, noted];
}
