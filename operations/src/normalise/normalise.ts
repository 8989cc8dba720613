import { onPool, type Pool, type Queryable, withTransaction } from '@tallyline/chassis/postgres/pool';
import { plainText } from '@tallyline/contracts/plain-text';
import {
  findReceipt,
  readBranchIds,
  readUnusual,
  type StoredRow,
  type StoredTexts,
  storedTexts,
  writeTexts,
} from './stored-texts.sql.js';

export interface Normalised {
  readonly products: number;
  readonly purchases: number;
  readonly orderLines: number;
  /** Rows that a person has to decide about, described in words. */
  readonly left: readonly string[];
}

const PAGE_SIZE = 1_000;

/**
 * Rewrites the stored texts of the write side to the spelling that incoming requests and events get. Services may be
 * running: each page is a transaction, and a second run finds nothing. When the receipts of two purchases would become
 * equal, the second one is left as it is and reported, because only a person can decide whether they are one purchase.
 */
export async function normalise(pool: Pool, isDryRun: boolean): Promise<Normalised> {
  const counts = { products: 0, order_items: 0, purchases: 0 };
  const left = (await readBranchIds(onPool(pool))).filter((id) => plainText(id) !== id).map(branchLeft);
  const receipts = new Map<string, number>();
  for (const texts of storedTexts) {
    let after = 0;
    let page: readonly StoredRow[];
    do {
      page = await withTransaction(pool, `normalise ${texts.table}`, async (tx) => {
        const rows = await readUnusual(tx, texts, after, PAGE_SIZE);
        for (const row of rows) {
          const { plain, sameAs } = await decide(tx, texts, row, receipts);
          if (sameAs !== undefined) left.push(receiptLeft(row, sameAs));
          if (plain.every((text, index) => text === row.texts[index])) continue;
          counts[texts.table] += 1;
          if (!isDryRun) await writeTexts(tx, texts, row.id, plain);
        }
        return rows;
      });
      after = page.at(-1)?.id ?? after;
    } while (page.length === PAGE_SIZE);
  }
  const { products, purchases, order_items: orderLines } = counts;
  return { products, purchases, orderLines, left };
}

/** Returns the plain texts of a row and the purchase that has the same receipt. `receipts` has those of earlier rows. */
async function decide(
  db: Queryable,
  { unique }: StoredTexts,
  { id, branch, texts }: StoredRow,
  receipts: Map<string, number>,
): Promise<{ plain: readonly string[]; sameAs?: number }> {
  const plain = texts.map(plainText);
  if (unique === undefined || branch === null) return { plain };
  const receipt = plain[unique] ?? '';
  const key = JSON.stringify([branch, receipt]);
  const sameAs = receipts.get(key) ?? (await findReceipt(db, branch, receipt));
  if (sameAs !== undefined && sameAs !== id) return { plain: plain.with(unique, texts[unique] ?? ''), sameAs };
  receipts.set(key, id);
  return { plain };
}

function branchLeft(id: string): string {
  return `Branch ${JSON.stringify(id)}: tills cannot send this id. Rename it to ${JSON.stringify(plainText(id))} in both databases.`;
}

function receiptLeft({ id, branch }: StoredRow, sameAs: number): string {
  return `Purchases ${sameAs} and ${id} of ${branch} have receipts that look the same. If they are one purchase, it is counted twice.`;
}
