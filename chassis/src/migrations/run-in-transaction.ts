import type { Migration } from './migration-file.js';
import { retryLocks } from './retry-locks.js';
import { recordEnd, recordStart } from './schema-migrations.sql.js';
import { limitLockWait, type MigrationSession } from './session.sql.js';

/** Runs the file and stores its record in one transaction. */
export async function runInTransaction(session: MigrationSession, migration: Migration): Promise<void> {
  const { client, limits } = session;
  await retryLocks(session, migration.file, 'Nothing of the file is stored.', () =>
    inTransaction(session, async () => {
      await limitLockWait(client, limits.lockTimeoutMs, 'SET LOCAL');
      await client.query(migration.sql);
      await recordStart(client, migration);
      await recordEnd(client, migration);
    }),
  );
}

export async function inTransaction<T>({ client }: MigrationSession, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // a lost connection rolls back as well
    throw error;
  }
}
