import { allowIdle, tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';

/** The schema of the shadow tables, which have the names of the views. */
export const SHADOW = 'rebuild';

/** On a connection with these settings, the consumer's own statements write the shadow tables. */
export const SHADOW_SETTINGS = { search_path: `${SHADOW},public` };

/** Returns false while another rebuild runs. */
export function takeRebuildLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, 'rebuild');
}

/** Returns false while an archive command moves months. */
export function takeArchiveLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, ARCHIVE_LOCK);
}

/** Throws when the connection that holds the locks is lost, because the locks are lost with it. */
export async function assertLocked(tx: Tx): Promise<void> {
  await tx.query({ text: 'SELECT' });
}

/** Creates empty tables like the live ones, with their indexes. They are unlogged: after a crash the rebuild starts over anyway. */
export async function createShadowTables(db: Queryable, viewTables: readonly string[]): Promise<void> {
  await dropShadowTables(db);
  await db.query({ text: `CREATE SCHEMA ${SHADOW}` });
  for (const table of [...viewTables, 'processed_events']) {
    await db.query({ text: `CREATE UNLOGGED TABLE ${SHADOW}.${table} (LIKE public.${table} INCLUDING ALL)` });
  }
}

export async function dropShadowTables(db: Queryable): Promise<void> {
  await db.query({ text: `DROP SCHEMA IF EXISTS ${SHADOW} CASCADE` });
}

/**
 * Stops the consumers until this transaction ends, and waits for their transactions under way. Consumers write the inbox
 * before they touch a view, so they wait at their first statement. Queries do not wait.
 */
export async function stopConsumers(tx: Tx): Promise<void> {
  await allowIdle(tx);
  await tx.query({ text: "SET LOCAL work_mem = '64MB'" });
  await tx.query({ text: 'LOCK TABLE public.processed_events IN SHARE MODE' });
}
