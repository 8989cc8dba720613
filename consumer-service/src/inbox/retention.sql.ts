import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';
import { lowestUuidDaysAgoSql, lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';

const DAY_MS = 86_400_000;

/** SQL that is true for ids that contain a time (UUIDv7). The ids of foreign publishers may have none. */
export const HAS_TIME = "substr(event_id::text, 15, 1) = '7'";

/**
 * The time of this server, or of the newest watermark if that is earlier; null before the first watermark. If a clock jumps
 * ahead for a minute, the inbox must not lose ids that are still needed: their events would be applied twice.
 */
const NOW_ON_BOTH_SIDES = '(SELECT LEAST(now(), measured_at) FROM sync_state WHERE measured_at IS NOT NULL)';

/**
 * Returns the ids that may be past retention, by the time in the id. No retention can be set to SAFE_REPLAY_DAYS or less, so
 * the answer also holds after the setting was changed. Ids without a time are never pruned.
 */
export function maybePastRetention(ids: readonly string[]): readonly string[] {
  const youngest = lowestUuidOf(new Date(Date.now() - SAFE_REPLAY_DAYS * DAY_MS));
  return ids.filter((id) => id < youngest && id[14] === '7');
}

/**
 * Deletes the ids of events that were applied more than `days` ago. The time in the id finds them, so that no index on
 * `processed_at` has to be maintained for every event. `processed_at` is checked as well, so that an event that came late is
 * kept for the whole period. Ids without a time are kept for good: they take 24 bytes each.
 */
export async function pruneProcessedEvents(tx: Tx, days: number): Promise<number> {
  const rows = await tx.query({
    name: 'prune-processed-events',
    text: `
      DELETE FROM processed_events WHERE event_id IN (
        SELECT event_id FROM processed_events
         WHERE event_id < ${lowestUuidDaysAgoSql('$1', NOW_ON_BOTH_SIDES)}
           AND ${HAS_TIME}
           AND processed_at < ${NOW_ON_BOTH_SIDES} - $1 * interval '1 day'
         ORDER BY event_id LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1`,
    values: [days, PRUNE_BATCH_SIZE],
  });
  return rows.length;
}
