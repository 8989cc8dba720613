import { allowIdle, tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';

/**
 * The views built anew live in a schema of their own, in tables of the same names. A connection that looks there first
 * writes them with the very statements that write the live ones.
 */
export const SHADOW = 'rebuild';

/** Settings of such a connection. */
export const SHADOW_SETTINGS = { search_path: `${SHADOW},public` };

/** False while another rebuild runs. */
export function takeRebuildLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, 'rebuild');
}

/** False while months of the archive come or go. */
export function takeArchiveLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, ARCHIVE_LOCK);
}

/** Throws when the connection that holds the locks is lost, and they with it. */
export async function assertLocked(tx: Tx): Promise<void> {
  await tx.query({ text: 'SELECT' });
}

/** Empty tables like the live ones, with their indexes. Not logged: after a crash a rebuild begins anew anyway. */
export async function createShadow(db: Queryable, viewTables: readonly string[]): Promise<void> {
  await dropShadow(db);
  await db.query({ text: `CREATE SCHEMA ${SHADOW}` });
  for (const table of [...viewTables, 'processed_events']) {
    await db.query({ text: `CREATE UNLOGGED TABLE ${SHADOW}.${table} (LIKE public.${table} INCLUDING ALL)` });
  }
}

export async function dropShadow(db: Queryable): Promise<void> {
  await db.query({ text: `DROP SCHEMA IF EXISTS ${SHADOW} CASCADE` });
}

/**
 * Stops the consumers at their first statement (they record what they process before they touch a view) and waits for
 * those under way. Readers notice nothing. Ends with the transaction.
 */
export async function stopConsumers(tx: Tx): Promise<void> {
  await allowIdle(tx);
  await tx.query({ text: "SET LOCAL work_mem = '64MB'" });
  await tx.query({ text: 'LOCK TABLE public.processed_events IN SHARE MODE' });
}
