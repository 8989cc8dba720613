import type { Tx } from '@tallyline/chassis/postgres';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';

export interface ReplayState {
  /** Seconds since the last request, by the database's clock; null before the first. */
  readonly requestAgeSeconds: number | null;
  readonly attempts: number;
  readonly missing: number;
  readonly measuredAt: Date | null;
  /** How long watermarks have been coming that do not follow on the newest; null while they do. */
  readonly gapSeconds: number | null;
}

/** The state of asking, or undefined while another consumer holds it. */
export async function lockReplayState(tx: Tx): Promise<ReplayState | undefined> {
  const [row] = await tx.query<ReplayState>({
    name: 'lock-replay-state',
    text: `SELECT extract(epoch FROM clock_timestamp() - r.requested_at)::float8 AS "requestAgeSeconds",
                  r.attempts, r.missing, s.measured_at AS "measuredAt",
                  extract(epoch FROM clock_timestamp() - s.gap_since)::float8 AS "gapSeconds"
             FROM replay_state r CROSS JOIN sync_state s
              FOR UPDATE OF r SKIP LOCKED`,
  });
  return row;
}

export interface ShortSecond {
  readonly second: Date;
  readonly committed: number;
  readonly missing: number;
}

/**
 * Seconds that ended more than `graceSeconds` ago, by the write side's clock, and still lack events; oldest first. None
 * that the inbox may have forgotten when it arrives again: it would be counted twice.
 */
export function findShortSeconds(tx: Tx, graceSeconds: number, limit: number): Promise<ShortSecond[]> {
  return tx.query({
    name: 'find-short-seconds',
    text: `SELECT second, committed, committed - settled AS missing
             FROM event_ledger
            WHERE settled < committed
              AND second < (SELECT measured_at FROM sync_state) - $1 * interval '1 second'
              AND second > (SELECT measured_at FROM sync_state) - $3 * interval '1 day'
            ORDER BY second LIMIT $2`,
    values: [graceSeconds, limit, SAFE_REPLAY_DAYS],
  });
}

export async function noteRequest(tx: Tx, attempts: number, missing: number): Promise<void> {
  await tx.query({
    name: 'note-replay-request',
    text: 'UPDATE replay_state SET requested_at = clock_timestamp(), attempts = $1, missing = $2',
    values: [attempts, missing],
  });
}

export async function noteComplete(tx: Tx): Promise<void> {
  await tx.query({ name: 'note-replay-complete', text: 'UPDATE replay_state SET attempts = 0, missing = 0' });
}
