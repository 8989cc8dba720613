import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';
import { lowestUuidDaysAgoSql } from '@tallyline/chassis/process/uuid-v7';

/**
 * Deletes published rows older than `days`, oldest first. Ids begin with their time, so the rows are a range at the start of
 * the primary key, and no further index is needed. The newest row always stays, so that a watermark can see that this shop is
 * not new. `outbox_pruned` records until when rows are gone: a new or restored read side must know that the rest is not the
 * whole history.
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
