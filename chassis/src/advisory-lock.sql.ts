import type { Tx } from './postgres.js';

/** Takes a lock by name until the transaction ends, or answers false at once when another transaction holds it. */
export async function tryLock(tx: Tx, name: string): Promise<boolean> {
  const [row] = await tx.query<{ taken: boolean }>({
    name: 'try-lock',
    text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
    values: [name],
  });
  return row?.taken ?? false;
}
