import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';

/** Deletes keys older than `hours`, oldest first. A later request with a deleted key counts as a new request. */
export async function pruneIdempotencyKeys(tx: Tx, hours: number): Promise<number> {
  const rows = await tx.query({
    name: 'prune-idempotency-keys',
    text: `
      DELETE FROM idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency_keys
         WHERE created_at < now() - $1 * interval '1 hour'
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1`,
    values: [hours, PRUNE_BATCH_SIZE],
  });
  return rows.length;
}
