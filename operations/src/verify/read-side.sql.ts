import { batchesOf } from '@tallyline/chassis/postgres/cursor';
import type { Tx } from '@tallyline/chassis/postgres/pool';

/** The read side at one moment: which events it says are in the views. */
export function appliedIds(tx: Tx): AsyncGenerator<{ id: string }[]> {
  return batchesOf(tx, 'applied_ids', 'SELECT event_id AS id FROM processed_events');
}

export interface ForeignBody {
  readonly id: string;
  readonly body: string;
}

/** Applied events that never were in the outbox: somebody else published them, and only the archive knows what they said. */
export function foreignBodies(tx: Tx): AsyncGenerator<ForeignBody[]> {
  return batchesOf(tx, 'foreign_bodies', 'SELECT event_id AS id, body FROM event_archive WHERE NOT counted');
}

/** Months of the archive that were dropped and hold foreign events: without them the views cannot be recomputed. */
export async function findMovedForeign(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ month: string }>({
    text: 'SELECT month FROM event_archive_moved WHERE foreign_events > 0 ORDER BY month',
  });
  return rows.map(({ month }) => month);
}

export async function readDeadLetterIds(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({ text: 'SELECT event_id AS id FROM dead_letters' });
  return rows.map(({ id }) => id);
}

export async function countRows(tx: Tx, table: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>({ text: `SELECT count(*) AS count FROM ${table}` });
  return row?.count ?? 0;
}
