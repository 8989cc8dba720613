import type { Tx } from '@tallyline/chassis/postgres';
import type { Watermark } from '@tallyline/contracts/watermark';

export interface SettledSecond {
  /** Start of the second, RFC 3339. */
  readonly second: string;
  settled: number;
  lastAt: string;
}

/** Counts events as settled (applied or set aside) in the second in which the write side stamped them. */
export async function addSettled(tx: Tx, seconds: readonly SettledSecond[]): Promise<void> {
  if (seconds.length === 0) return;
  const sorted = [...seconds].sort((a, b) => (a.second < b.second ? -1 : 1));
  await tx.query({
    name: 'add-settled',
    text: `
      INSERT INTO event_ledger AS l (second, settled, last_settled_at)
      SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::timestamptz[])
      ON CONFLICT (second) DO UPDATE SET
        settled = l.settled + EXCLUDED.settled,
        last_settled_at = GREATEST(l.last_settled_at, EXCLUDED.last_settled_at)`,
    values: [sorted.map((s) => s.second), sorted.map((s) => s.settled), sorted.map((s) => s.lastAt)],
  });
}

/**
 * Stores what the write side said. Committed counts only grow, so an old watermark that comes late changes nothing.
 * measured_at goes forward only where a watermark follows on what was told before: after one that was lost, nothing is
 * known of the seconds that it told of, so sync-status grows stale until they are told again (see replay/).
 * clock_offset is the least of (received - measured), creeping up by 10 ms a watermark so that it follows a clock that
 * was set: ages computed with it compare one clock with itself.
 */
export async function storeWatermark(tx: Tx, watermark: Watermark): Promise<void> {
  const { measuredAt, from, isFirst, seconds, waiting } = watermark;
  const sorted = [...seconds].sort((a, b) => (a.second < b.second ? -1 : 1));
  await tx.query({
    name: 'store-committed',
    text: `
      INSERT INTO event_ledger AS l (second, committed, first_at)
      SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::timestamptz[])
      ON CONFLICT (second) DO UPDATE SET
        committed = GREATEST(l.committed, EXCLUDED.committed),
        first_at = LEAST(l.first_at, EXCLUDED.first_at)
      WHERE l.committed < EXCLUDED.committed OR l.first_at IS NULL`,
    values: [sorted.map((s) => s.second), sorted.map((s) => s.committed), sorted.map((s) => s.firstAt)],
  });
  await tx.query({
    name: 'store-watermark',
    text: `
      UPDATE sync_state SET
        measured_at = $1,
        received_at = clock_timestamp(),
        waiting = $2,
        clock_offset = LEAST(clock_timestamp() - $1::timestamptz, clock_offset + interval '10 ms'),
        gap_since = NULL
      WHERE (measured_at IS NULL OR measured_at < $1::timestamptz) AND ($3::boolean OR measured_at >= $4::timestamptz)`,
    values: [measuredAt, waiting, isFirst, from],
  });
  await tx.query({
    name: 'note-gap',
    text: `
      UPDATE sync_state SET gap_since = clock_timestamp()
       WHERE gap_since IS NULL AND NOT $1::boolean AND (measured_at IS NULL OR measured_at < $2::timestamptz)`,
    values: [isFirst, from],
  });
}
