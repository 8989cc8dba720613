import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { ViewCheck } from './view-check.js';

export interface Culprit {
  readonly eventId: string | null;
  /** The id of the event's order, purchase or product; negative for a foreign event. */
  readonly n: number;
  readonly isApplied: boolean;
}

/** Many orders are alike, so a row with more suspects than this is explained by the suspects of the other rows. */
export const MAX_SUSPECTS = 1_000;

/** Finds events whose contribution to row `key` is exactly `amounts`, column by column, among `only` if given. */
export function findContributors(
  tx: Tx,
  { of, columns, select }: NonNullable<ViewCheck['contributions']>,
  key: string | number,
  amounts: readonly string[],
  only?: readonly number[],
): Promise<Culprit[]> {
  const same = columns.map((column, index) => `p.${column} = $${index + 2}::numeric`).join(' AND ');
  return tx.query({
    text: `SELECT s.event_id AS "eventId", s.n, s.is_applied AS "isApplied" FROM (${select}) p JOIN ${of} s USING (n)
            WHERE ${same} AND s.n = ANY(COALESCE($${columns.length + 2}::bigint[], ARRAY[s.n]))
            ORDER BY s.n LIMIT ${MAX_SUSPECTS}`,
    values: [key, ...amounts, only ?? null],
  });
}

/** Finds the event that wrote a row. */
export async function findRowsEvent(
  tx: Tx,
  { table, id }: NonNullable<ViewCheck['rowOf']>,
  key: string | number,
): Promise<Culprit | undefined> {
  const [row] = await tx.query<Culprit>({
    text: `SELECT event_id AS "eventId", n, is_applied AS "isApplied" FROM ${table} WHERE ${id} = $1::bigint ORDER BY n DESC LIMIT 1`,
    values: [key],
  });
  return row;
}
