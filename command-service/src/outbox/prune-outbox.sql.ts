import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';
import { lowestUuidDaysAgoSql } from '@tallyline/chassis/process/uuid-v7';

/**
 * Deletes published rows older than `days`, oldest first: a range at the start of the primary key, because ids begin
 * with their time (the lowest id of a moment is its milliseconds and zeros), so no index of its own has to be kept up.
 * The newest row always stays: by it a watermark tells an old shop that is idle from a new one. Up to when something is
 * gone is noted with it: a read side that is new, or was restored, must not take what is left for all there ever was.
 */
export async function pruneOutbox(tx: Tx, days: number): Promise<number> {
  const rows = await tx.query({
    name: 'prune-outbox',
    text: `
      WITH gone AS (DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox
         WHERE id < ${lowestUuidDaysAgoSql('$1')}
           AND id < (SELECT id FROM outbox ORDER BY id DESC LIMIT 1)
           AND published_at IS NOT NULL
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING created_at), noted AS (
        INSERT INTO outbox_pruned AS p (until) SELECT max(created_at) FROM gone HAVING count(*) > 0
        ON CONFLICT (only_row) DO UPDATE SET until = GREATEST(p.until, EXCLUDED.until))
      SELECT FROM gone`,
    values: [days, PRUNE_BATCH_SIZE],
  });
  return rows.length;
}
