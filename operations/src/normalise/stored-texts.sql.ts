import type { Queryable } from '@tallyline/chassis/postgres/pool';

/**
 * Texts of the write side that come from people or tills, by table. `unique` is the index of the column that must be
 * unique within the `branch`. The outbox is left as it is, because readers of events normalise.
 */
export const storedTexts = [
  { table: 'products', columns: ['name', 'category'], branch: 'NULL', unique: undefined },
  { table: 'order_items', columns: ['category'], branch: 'NULL', unique: undefined },
  { table: 'purchases', columns: ['cashier_id', 'pos_id', 'receipt_id'], branch: 'branch_id', unique: 2 },
] as const;

export type StoredTexts = (typeof storedTexts)[number];

export interface StoredRow {
  readonly id: number;
  readonly branch: string | null;
  readonly texts: readonly string[];
}

/** Matches all texts that `plainText` may change: everything except visible ASCII with single spaces inside. */
const isUnusual = (column: string) => `(${column} ~ '[^!-~ ]' OR ${column} ~ '^ |  | $')`;

/** Reads a keyset page of rows with unusual texts, by id. */
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
