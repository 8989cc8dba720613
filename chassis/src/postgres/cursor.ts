import { allowIdle } from './advisory-lock.sql.js';
import type { Tx } from './pool.js';

/** Default number of rows per FETCH: 500 of the widest rows are 5 MB. */
const FETCH_SIZE = 500;

/** The rows of a query, in batches, inside the snapshot of its transaction. `name` is unique within it. */
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
 * Makes a transaction see one moment of the database for as long as it lasts, and lets it last: the limits that end a
 * frozen service's transaction would end a long read, too. Must be its first statement.
 */
export async function holdSnapshot(tx: Tx): Promise<void> {
  await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
  await allowIdle(tx);
  await tx.query({ text: 'SET LOCAL statement_timeout = 0' });
}
