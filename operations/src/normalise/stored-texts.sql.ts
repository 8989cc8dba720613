import type { Queryable } from '@tallyline/chassis/postgres/pool';

/**
 * The texts of the write side that people or tills choose, by table; `branch` is whose receipt `unique` is. The outbox stays
 * as it is: readers of its events normalise.
 */
export const storedTexts = [
  { table: 'products', columns: ['name', 'category'], branch: 'NULL', unique: undefined },
  { table: 'purchases', columns: ['cashier_id', 'pos_id', 'receipt_id'], branch: 'branch_id', unique: 2 },
] as const;

export type StoredTexts = (typeof storedTexts)[number];

export interface StoredRow {
  readonly id: number;
  readonly branch: string | null;
  readonly texts: readonly string[];
}

/** All that `plainText` might change: anything but visible ASCII with single spaces between it. */
const isUnusual = (column: string) => `(${column} ~ '[^!-~ ]' OR ${column} ~ '^ |  | $')`;

/** A keyset page of rows with unusual texts, in order of id. */
export function readUnusual(
  db: Queryable,
  { table, columns, branch }: StoredTexts,
  after: number,
  limit: number,
): Promise<StoredRow[]> {
  return db.query({
    text: `SELECT id, ${branch} AS branch, ARRAY[${columns.join(', ')}] AS texts FROM ${table}
            WHERE id > $1 AND (${columns.map(isUnusual).join(' OR ')}) ORDER BY id LIMIT $2`,
    values: [after, limit],
  });
}

export async function writeTexts(
  db: Queryable,
  { table, columns }: StoredTexts,
  id: number,
  texts: readonly string[],
): Promise<void> {
  const values = columns.map((_, index) => `$${index + 2}`);
  await db.query({
    text: `UPDATE ${table} SET (${columns.join(', ')}) = ROW (${values.join(', ')}) WHERE id = $1`,
    values: [id, ...texts],
  });
}

export async function findReceipt(db: Queryable, branch: string, receiptId: string): Promise<number | undefined> {
  const [row] = await db.query<{ id: number }>({
    text: 'SELECT id FROM purchases WHERE branch_id = $1 AND receipt_id = $2',
    values: [branch, receiptId],
  });
  return row?.id;
}

export async function readBranchIds(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string }>({ text: 'SELECT id FROM branches ORDER BY id' });
  return rows.map(({ id }) => id);
}
