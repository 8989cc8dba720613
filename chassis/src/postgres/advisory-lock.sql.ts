import type { Tx } from './pool.js';

/** Takes a named lock until the transaction ends. Returns false at once when another transaction holds it. */
export async function tryLock(tx: Tx, name: string): Promise<boolean> {
  const [row] = await tx.query<{ taken: boolean }>({
    name: 'try-lock',
    text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
    values: [name],
  });
  return row?.taken ?? false;
}

/** Like `tryLock`, for a command whose transaction is idle while it waits for the broker, files or its operator. */
export async function tryLongLock(tx: Tx, name: string): Promise<boolean> {
  await allowIdle(tx);
  return tryLock(tx, name);
}

/** Removes the time limit for an idle transaction, which exists to end the transactions of a frozen service. */
export async function allowIdle(tx: Tx): Promise<void> {
  await tx.query({ text: 'SET LOCAL idle_in_transaction_session_timeout = 0' });
}
