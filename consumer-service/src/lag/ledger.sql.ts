import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { PRUNE_BATCH_SIZE } from '@tallyline/chassis/postgres/pruning';
import type { Watermark } from '@tallyline/contracts/watermark';
import { type LedgerRow, ledgerRows } from './ledger-rows.js';

/**
 * Adds to the ledger the events that a batch accounts for and the commits that watermarks report, per second of the write
 * side's clock. It is one sorted statement: two statements would lock the same seconds in two orders and deadlock with
 * another consumer. Committed counts only grow, so an old watermark that comes late changes nothing.
 */
export function addToLedger(accountedIds: readonly string[], watermarks: readonly Watermark[]): WriteStatement[] {
  const rows = ledgerRows(accountedIds, watermarks);
  return rows.length === 0 ? [] : [upsertLedger(rows)];
}

export function upsertLedger(rows: readonly LedgerRow[]): WriteStatement {
  return {
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
      rows.map((row) => row.accounted),
      rows.map((row) => row.lastAt),
      rows.map((row) => row.committed),
      rows.map((row) => row.firstAt),
    ],
  };
}

/**
 * Deletes complete seconds that lie more than `days` before the newest watermark. The write side's clock decides, not this
 * server's: after a pause the write side counts its last seconds again, and they must not come back as seconds that lack events.
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
