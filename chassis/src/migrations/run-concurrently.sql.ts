import pg from 'pg';
import { showIndexProgress } from './index-progress.sql.js';
import { concurrentIndexOf, type Migration } from './migration-file.js';
import { retryLocks } from './retry-locks.js';
import { recordEnd, recordStart } from './schema-migrations.sql.js';
import { limitLockWait, type MigrationSession } from './session.sql.js';
import { splitStatements } from './split-statements.js';

/**
 * Runs the statements outside of a transaction, one after the other. A statement that was interrupted leaves an invalid
 * index, which is dropped before the index is built again.
 */
export async function runConcurrently(session: MigrationSession, migration: Migration): Promise<void> {
  const { client, limits } = session;
  await recordStart(client, migration);
  const stopProgress = await showIndexProgress(session, migration.file);
  try {
    for (const { text } of splitStatements(migration.sql)) {
      const index = concurrentIndexOf(text);
      await retryLocks(session, migration.file, 'The indexes that are built so far stay.', async () => {
        if (index !== undefined) await dropInvalid(session, index);
        // CONCURRENTLY waits for transactions, sometimes for minutes, while nobody has to wait for it.
        await limitLockWait(client, /\bCONCURRENTLY\b/i.test(text) ? 0 : limits.lockTimeoutMs, 'SET');
        await client.query(text).catch(async (error) => {
          // An invalid index would cost every write, and a unique one would refuse rows.
          if (index !== undefined) await dropInvalid(session, index).catch(() => undefined);
          throw error;
        });
      });
    }
  } finally {
    await stopProgress();
  }
  await recordEnd(client, migration);
}

async function dropInvalid({ client, say }: MigrationSession, index: string): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT (indisvalid AND indisready)',
    [index.toLowerCase()],
  );
  if (rowCount === 0) return;
  say(`dropping the index ${index}, whose build did not finish`);
  await limitLockWait(client, 0, 'SET');
  await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${pg.escapeIdentifier(index.toLowerCase())}`);
}
