import type { Tx } from '@tallyline/chassis/postgres/pool';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';

export interface ReplayState {
  /** Seconds since events were last asked for, by the database's clock; null before the first request. */
  readonly requestAgeSeconds: number | null;
  /** Rounds of requests for events since the last progress. */
  readonly attempts: number;
  /** Start of the newest second that was asked for last. */
  readonly askedUntil: Date | null;
  /** What was missing of the seconds that were asked for last, and what still is. */
  readonly missing: number;
  readonly left: number;
  /** As many wait in the outbox; they are missing, too, and not lost. */
  readonly waiting: number;
  /** Seconds since it was last asked to be told again, and requests for that since the last progress. */
  readonly tellAgeSeconds: number | null;
  readonly tellAttempts: number;
  readonly measuredAt: Date | null;
  /** How long no watermark has come that follows on the newest, though later ones have; null while they follow. */
  readonly gapSeconds: number | null;
}

/**
 * The state of asking, or undefined while another consumer holds it. What is noted of the future, by a clock that was set back
 * since, is as old as it is far away: nothing would be asked for until that time comes again.
 */
export async function lockReplayState(tx: Tx): Promise<ReplayState | undefined> {
  const [row] = await tx.query<ReplayState>({
    name: 'lock-replay-state',
    text: `SELECT abs(extract(epoch FROM clock_timestamp() - r.requested_at))::float8 AS "requestAgeSeconds",
                  r.attempts, r.asked_until AS "askedUntil", r.missing, s.waiting,
                  (SELECT COALESCE(sum(committed - settled), 0)::bigint FROM event_ledger
                    WHERE settled < committed AND second BETWEEN r.asked_from AND r.asked_until) AS "left",
                  abs(extract(epoch FROM clock_timestamp() - r.tell_requested_at))::float8 AS "tellAgeSeconds",
                  r.tell_attempts AS "tellAttempts", s.measured_at AS "measuredAt",
                  abs(extract(epoch FROM clock_timestamp() - s.gap_since))::float8 AS "gapSeconds"
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
 * Seconds behind `askedUntil` that ended more than `graceSeconds` ago, by the write side's clock, and still lack events;
 * oldest first. None that the inbox may have forgotten when it arrives again: it would be counted twice.
 */
export function findShortSeconds(
  tx: Tx,
  askedUntil: Date | null,
  graceSeconds: number,
  limit: number,
): Promise<ShortSecond[]> {
  return tx.query({
    name: 'find-short-seconds',
    text: `SELECT second, committed, committed - settled AS missing
             FROM event_ledger
            WHERE settled < committed
              AND second < (SELECT measured_at FROM sync_state) - $1 * interval '1 second'
              AND second > (SELECT measured_at FROM sync_state) - $3 * interval '1 day'
              AND second > COALESCE($4::timestamptz, '-infinity')
            ORDER BY second LIMIT $2`,
    values: [graceSeconds, limit, SAFE_REPLAY_DAYS, askedUntil],
  });
}

export async function noteRequest(
  tx: Tx,
  attempts: number,
  askedFrom: Date,
  askedUntil: Date,
  missing: number,
): Promise<void> {
  await tx.query({
    name: 'note-replay-request',
    text: `UPDATE replay_state
              SET requested_at = clock_timestamp(), attempts = $1, asked_from = $2, asked_until = $3, missing = $4`,
    values: [attempts, askedFrom, askedUntil, missing],
  });
}

export async function noteTellRequest(tx: Tx, attempts: number): Promise<void> {
  await tx.query({
    name: 'note-tell-request',
    text: 'UPDATE replay_state SET tell_requested_at = clock_timestamp(), tell_attempts = $1',
    values: [attempts],
  });
}

export async function noteComplete(tx: Tx): Promise<void> {
  await tx.query({
    name: 'note-replay-complete',
    text: 'UPDATE replay_state SET attempts = 0, missing = 0, tell_attempts = 0',
  });
}
