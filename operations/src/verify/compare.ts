/** A row of a view as canonical texts, so that equal rows have equal texts. `k` is its key. */
export interface Row {
  readonly k: string | number;
  readonly [column: string]: string | number | null;
}

export interface Difference {
  readonly key: string | number;
  readonly have: Row | undefined;
  readonly want: Row | undefined;
}

export type Order = 'number' | 'bytes';

/** Reads both sides once, sorted by key, and yields the rows that differ. Keeps one batch of each side in memory. */
export async function* differences(
  haveBatches: AsyncIterable<readonly Row[]>,
  wantBatches: AsyncIterable<readonly Row[]>,
  order: Order,
): AsyncGenerator<Difference> {
  const haves = rowsOf(haveBatches);
  const wants = rowsOf(wantBatches);
  let have = await haves();
  let want = await wants();
  while (have !== undefined || want !== undefined) {
    const side = have === undefined ? 1 : want === undefined ? -1 : compareKeys(have.k, want.k, order);
    if (side < 0 && have) yield { key: have.k, have, want: undefined };
    if (side > 0 && want) yield { key: want.k, have: undefined, want };
    if (side === 0 && have && want && !equal(have, want)) yield { key: have.k, have, want };
    if (side <= 0) have = await haves();
    if (side >= 0) want = await wants();
  }
}

/** Compares numbers by value and texts by UTF-8 bytes, as collation "C" does. JavaScript sorts above U+FFFF differently. */
export function compareKeys(a: Row['k'], b: Row['k'], order: Order): number {
  if (order === 'number') return Number(a) - Number(b);
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function equal(a: Row, b: Row): boolean {
  return Object.keys(a).every((column) => a[column] === b[column]);
}

function rowsOf(batches: AsyncIterable<readonly Row[]>): () => Promise<Row | undefined> {
  const iterator = batches[Symbol.asyncIterator]();
  let batch: readonly Row[] = [];
  let next = 0;
  return async () => {
    while (next >= batch.length) {
      const { done, value } = await iterator.next();
      if (done) return undefined;
      batch = value;
      next = 0;
    }
    const row = batch[next];
    next += 1;
    return row;
  };
}
