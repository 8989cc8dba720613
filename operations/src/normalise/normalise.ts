import { onPool, type Pool, type Queryable, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
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
    let rows: readonly StoredRow[];
    do {
      // The work may run twice, so its results are added when it is committed.
      const page = await withTransaction(pool, `normalise ${texts.table}`, (tx) =>
        normalisePage(tx, texts, { after, receipts, isDryRun }),
      );
      counts[texts.table] += page.changed;
      left.push(...page.left);
      for (const [receipt, id] of page.receipts) receipts.set(receipt, id);
      rows = page.rows;
      after = rows.at(-1)?.id ?? after;
    } while (rows.length === PAGE_SIZE);
  }
  const { products, purchases, order_items: orderLines } = counts;
  return { products, purchases, orderLines, left };
}

interface Progress {
  readonly after: number;
  /** The receipts of earlier pages, each with its purchase. */
  readonly receipts: ReadonlyMap<string, number>;
  readonly isDryRun: boolean;
}

async function normalisePage(tx: Tx, texts: StoredTexts, { after, receipts: earlier, isDryRun }: Progress) {
  const rows = await readUnusual(tx, texts, after, PAGE_SIZE);
  const receipts = new Map<string, number>();
  const left: string[] = [];
  let changed = 0;
  for (const row of rows) {
    const { plain, receipt, sameAs } = await decide(tx, texts, row, (key) => receipts.get(key) ?? earlier.get(key));
    if (receipt !== undefined) receipts.set(receipt, row.id);
    if (sameAs !== undefined) left.push(receiptLeft(row, sameAs));
    if (plain.every((text, index) => text === row.texts[index])) continue;
    changed += 1;
    if (!isDryRun) await writeTexts(tx, texts, row.id, plain);
  }
  return { rows, receipts, left, changed };
}

interface Decision {
  readonly plain: readonly string[];
  /** The receipt that the row gets, with its branch. */
  readonly receipt?: string;
  /** The purchase that has the same receipt already. */
  readonly sameAs?: number;
}

/** Returns the plain texts of a row. `purchaseWith` finds earlier rows by the receipt that they get. */
async function decide(
  db: Queryable,
  { unique }: StoredTexts,
  { id, branch, texts }: StoredRow,
  purchaseWith: (receipt: string) => number | undefined,
): Promise<Decision> {
  const plain = texts.map(plainText);
  if (unique === undefined || branch === null) return { plain };
  const receipt = plain[unique] ?? '';
  const key = JSON.stringify([branch, receipt]);
  const sameAs = purchaseWith(key) ?? (await findReceipt(db, branch, receipt));
  if (sameAs !== undefined && sameAs !== id) return { plain: plain.with(unique, texts[unique] ?? ''), sameAs };
  return { plain, receipt: key };
}

function branchLeft(id: string): string {
  return `Branch ${JSON.stringify(id)}: tills cannot send this id. Rename it to ${JSON.stringify(plainText(id))} in both databases.`;
}

function receiptLeft({ id, branch }: StoredRow, sameAs: number): string {
  return `Purchases ${sameAs} and ${id} of ${branch} have receipts that look the same. If they are one purchase, it is counted twice.`;
}
