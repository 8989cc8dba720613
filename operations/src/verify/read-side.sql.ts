import { batchesOf } from '@tallyline/chassis/postgres/cursor';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { retiredViews } from '@tallyline/contracts/view-revisions';

/** Reads the ids of all events that the views include. */
export function appliedIds(tx: Tx): AsyncGenerator<{ id: string }[]> {
  return batchesOf(tx, 'applied_ids', 'SELECT event_id AS id FROM processed_events');
}

export interface ForeignBody {
  readonly id: string;
  readonly body: string;
}

/** Reads the applied events of foreign publishers. Only the archive has their bodies. */
export function foreignBodies(tx: Tx): AsyncGenerator<ForeignBody[]> {
  return batchesOf(tx, 'foreign_bodies', 'SELECT event_id AS id, body FROM event_archive WHERE NOT counted');
}

/** Finds dropped months of the archive with foreign events. Without them the views cannot be recomputed. */
export async function findMovedForeign(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ month: string }>({
    text: 'SELECT month FROM event_archive_moved WHERE foreign_events > 0 ORDER BY month',
  });
  return rows.map(({ month }) => month);
}

/** Reads the ids of the events that the views lack for good, or until they are applied: dead letters and parked events. */
export function lackedIds(tx: Tx): AsyncGenerator<{ id: string }[]> {
  const text = 'SELECT event_id AS id FROM dead_letters UNION SELECT event_id FROM parked_events';
  return batchesOf(tx, 'lacked_ids', text);
}

/** Finds the views that lack events which older consumers have applied. They are known to differ. This release does not check a view that it has retired. */
export async function findViewsLackingHistory(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ view: string }>({
    text: 'SELECT view FROM view_history WHERE NOT complete AND view <> ALL ($1::text[]) ORDER BY view',
    values: [retiredViews],
  });
  return rows.map(({ view }) => view);
}

export async function countRows(tx: Tx, table: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>({ text: `SELECT count(*) AS count FROM ${table}` });
  return row?.count ?? 0;
}
