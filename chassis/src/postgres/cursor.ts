import { allowIdle } from './advisory-lock.sql.js';
import type { Tx } from './pool.js';

/** Default number of rows per FETCH: 500 of the widest rows are 5 MB. */
const FETCH_SIZE = 500;

/** Yields the rows of a query in batches. `name` is the cursor's name and must be unique within the transaction. */
export async function* batchesOf<Row extends object>(
  tx: Tx,
  name: string,
  select: string,
  fetchSize = FETCH_SIZE,
): AsyncGenerator<Row[]> {
  await tx.query({ text: `DECLARE ${name} NO SCROLL CURSOR FOR ${select}` });
  for (;;) {
    const rows = await tx.query<Row>({ text: `FETCH ${fetchSize} FROM ${name}` });
    if (rows.length > 0) yield rows;
    if (rows.length < fetchSize) break;
  }
  await tx.query({ text: `CLOSE ${name}` });
}

/**
 * Makes a transaction read from one snapshot and removes the time limits for statements and idle transactions, which
 * would end a long read. Must be called before the transaction's first statement.
 */
export async function holdSnapshot(tx: Tx): Promise<void> {
  await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
  await allowIdle(tx);
  await tx.query({ text: 'SET LOCAL statement_timeout = 0' });
}
