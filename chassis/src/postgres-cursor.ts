import type { Tx } from './postgres.js';

/** Rows at a time: 1,000,000 rows pass through a few MB, and a round trip is paid once for 5,000 of them. */
const FETCH_SIZE = 5_000;

/** The rows of a query, in batches, inside the snapshot of its transaction. `name` is unique within it. */
export async function* batchesOf<Row extends object>(tx: Tx, name: string, select: string): AsyncGenerator<Row[]> {
  await tx.query({ text: `DECLARE ${name} NO SCROLL CURSOR FOR ${select}` });
  for (;;) {
    const rows = await tx.query<Row>({ text: `FETCH ${FETCH_SIZE} FROM ${name}` });
    if (rows.length > 0) yield rows;
    if (rows.length < FETCH_SIZE) break;
  }
  await tx.query({ text: `CLOSE ${name}` });
}

/**
 * Makes a transaction see one moment of the database for as long as it lasts, and lets it last: the limits that end a
 * frozen service's transaction would end a long read, too. Must be its first statement.
 */
export async function holdSnapshot(tx: Tx): Promise<void> {
  await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
  await tx.query({ text: 'SET LOCAL idle_in_transaction_session_timeout = 0' });
  await tx.query({ text: 'SET LOCAL statement_timeout = 0' });
}
