import type { Tx } from '@tallyline/chassis/postgres/pool';
import { plainText } from '@tallyline/contracts/plain-text';

const texts = [
  { table: 'seen_products', column: 'name' },
  { table: 'seen_products', column: 'category' },
  { table: 'seen_order_lines', column: 'category' },
] as const;

/** Rewrites texts to the spelling that the views have. Rows of an earlier version may have another spelling. */
export async function spellPlainly(tx: Tx): Promise<void> {
  for (const { table, column } of texts) {
    const rows = await tx.query<{ text: string }>({
      text: `SELECT DISTINCT ${column} AS text FROM ${table} WHERE ${column} ~ '[^!-~ ]' OR ${column} ~ '^ |  | $'`,
    });
    const unusual = rows.map(({ text }) => text).filter((text) => plainText(text) !== text);
    if (unusual.length === 0) continue;
    await tx.query({
      text: `UPDATE ${table} SET ${column} = plain FROM unnest($1::text[], $2::text[]) AS u (unusual, plain) WHERE ${column} = unusual`,
      values: [unusual, unusual.map(plainText)],
    });
  }
}
