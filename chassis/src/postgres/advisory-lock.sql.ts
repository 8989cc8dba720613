import type { Tx } from './pool.js';

/** Takes a lock by name until the transaction ends, or answers false at once when another transaction holds it. */
export async function tryLock(tx: Tx, name: string): Promise<boolean> {
  const [row] = await tx.query<{ taken: boolean }>({
    name: 'try-lock',
    text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
    values: [name],
  });
  return row?.taken ?? false;
}

/** tryLock for as long as a command runs: it waits for the broker, for files or for its operator meanwhile. */
export async function tryLongLock(tx: Tx, name: string): Promise<boolean> {
  await allowIdle(tx);
  return tryLock(tx, name);
}

/** Lifts from one transaction the limit that ends those of a frozen service. */
export async function allowIdle(tx: Tx): Promise<void> {
  await tx.query({ text: 'SET LOCAL idle_in_transaction_session_timeout = 0' });
}
