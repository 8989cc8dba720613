import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';
import { lowestUuidDaysAgoSql } from '@tallyline/chassis/process/uuid-v7';

/** True for ids with a time inside (UUIDv7); those of foreign publishers may have none. */
export const HAS_TIME = "substr(event_id::text, 15, 1) = '7'";

/**
 * This server's time, but no later than the write side's when it was last heard of, and null before. A clock that jumps
 * ahead for a minute would take 300,000 ids out of the inbox, and what comes again would be counted twice.
 */
const NOW_ON_BOTH_SIDES = '(SELECT LEAST(now(), measured_at) FROM sync_state WHERE measured_at IS NOT NULL)';

/**
 * Deletes the record of events that were applied more than `days` ago. Found by the time inside their ids, so that the
 * hot path keeps up no index by `processed_at`, and checked by `processed_at`, so that an event that came late is
 * remembered as long as any. Ids without a time (foreign publishers') are kept: 24 bytes each, and no window at all.
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

/**
 * Deletes seconds that are complete and as old: nothing is missing from them, and nobody asks for them again. Old is what
 * the write side has left behind: after a pause it counts its last seconds once more, and they must not come back as missing.
 */
export async function pruneLedger(tx: Tx, days: number): Promise<number> {
  const rows = await tx.query({
    name: 'prune-ledger',
    text: `
      DELETE FROM event_ledger WHERE second IN (
        SELECT second FROM event_ledger
         WHERE second < (SELECT measured_at FROM sync_state) - $1 * interval '1 day' AND settled = committed
         ORDER BY second LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1`,
    values: [days, PRUNE_BATCH_SIZE],
  });
  return rows.length;
}
