import type { Tx } from '@tallyline/chassis/postgres/pool';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';
import type { EventsRequest, ReplayState, ShortSecond } from './next-replay-request.js';

/**
 * Returns the state of the requests, or undefined while another consumer has locked it. Ages are absolute values: after a
 * clock was set back, a time in the future would otherwise hold back requests until that time comes again.
 */
export async function lockReplayState(tx: Tx): Promise<ReplayState | undefined> {
  const [row] = await tx.query<ReplayState>({
    name: 'lock-replay-state',
    text: `SELECT abs(extract(epoch FROM clock_timestamp() - r.requested_at))::float8 AS "eventsRequestAgeSeconds",
                  r.attempts AS "eventsAttempts", r.asked_until AS "requestedUntil", r.missing, s.waiting,
                  (SELECT COALESCE(sum(committed - settled), 0)::bigint FROM event_ledger
                    WHERE settled < committed AND second BETWEEN r.asked_from AND r.asked_until) AS "stillMissing",
                  abs(extract(epoch FROM clock_timestamp() - r.tell_requested_at))::float8 AS "watermarksRequestAgeSeconds",
                  r.tell_attempts AS "watermarksAttempts", s.measured_at AS "measuredAt",
                  abs(extract(epoch FROM clock_timestamp() - s.gap_since))::float8 AS "gapSeconds"
             FROM replay_state r CROSS JOIN sync_state s
              FOR UPDATE OF r SKIP LOCKED`,
  });
  return row;
}

/**
 * Finds seconds after `requestedUntil` that ended more than `graceSeconds` before the newest watermark and lack events, oldest
 * first. Seconds that may be past retention are left out: their events could be applied twice.
 */
export function findShortSeconds(
  tx: Tx,
  requestedUntil: Date | null,
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
    values: [graceSeconds, limit, SAFE_REPLAY_DAYS, requestedUntil],
  });
}

export async function recordEventsRequest(
  tx: Tx,
  attempts: number,
  { from, until, missing }: EventsRequest,
): Promise<void> {
  await tx.query({
    name: 'record-events-request',
    text: `UPDATE replay_state
              SET requested_at = clock_timestamp(), attempts = $1, asked_from = $2, asked_until = $3, missing = $4`,
    values: [attempts, from, until, missing],
  });
}

export async function recordWatermarksRequest(tx: Tx, attempts: number): Promise<void> {
  await tx.query({
    name: 'record-watermarks-request',
    text: 'UPDATE replay_state SET tell_requested_at = clock_timestamp(), tell_attempts = $1',
    values: [attempts],
  });
}

export async function recordComplete(tx: Tx): Promise<void> {
  await tx.query({
    name: 'record-replay-complete',
    text: 'UPDATE replay_state SET attempts = 0, missing = 0, tell_attempts = 0',
  });
}
