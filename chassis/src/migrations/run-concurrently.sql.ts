import pg from 'pg';
import { showIndexProgress } from './index-progress.sql.js';
import { concurrentIndexOf, type Migration } from './migration-file.js';
import { retryLocks } from './retry-locks.js';
import { recordEnd, recordStart } from './schema-migrations.sql.js';
import { limitLockWait, type MigrationSession } from './session.sql.js';
import { splitStatements } from './split-statements.js';

const DEADLOCK = '40P01';

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
          const deadlock = error.code === DEADLOCK ? await describeDeadlock(client, error) : undefined;
          // An invalid index would cost every write, and a unique one would refuse rows.
          if (index !== undefined) await dropInvalid(session, index).catch(() => undefined);
          throw deadlock ?? error;
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

/**
 * Makes the error of a deadlock. It has no cause, so that the index is not built again: the session that waits for this run
 * would still wait, and the next build would end in the same way after as many hours.
 */
async function describeDeadlock(client: pg.ClientBase, { message, detail = '' }: pg.DatabaseError): Promise<Error> {
  // The server gives the process ids only in a text, which may be translated.
  const { rows } = await client.query<{ pid: number; name: string }>(
    `SELECT pid, application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid::text = ANY ($1) ORDER BY pid`,
    [detail.match(/\d+/g) ?? []],
  );
  const sessions = rows.map(({ pid, name }) => `pid ${pid}${name === '' ? '' : ` (${name})`}`);
  return new Error(
    `${message}: ${sessions.join(', ') || 'a session that has ended'} waits for a lock of this run, which waits for it. ` +
      'Probably it applies the schema of an earlier release. End it with pg_terminate_backend(pid), then run the command again',
  );
}
