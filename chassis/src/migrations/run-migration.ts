import type { Migration } from './migration-file.js';
import { runBackfill } from './run-backfill.js';
import { runConcurrently } from './run-concurrently.sql.js';
import { runInTransaction } from './run-in-transaction.js';
import type { MigrationSession } from './session.sql.js';

const run = { transaction: runInTransaction, concurrently: runConcurrently, backfill: runBackfill };

/** Runs a migration and records it. An error names the file. */
export async function runMigration(session: MigrationSession, migration: Migration): Promise<void> {
  const startedAt = performance.now();
  session.say(`${migration.file} (${migration.kind}) …`);
  try {
    await run[migration.kind](session, migration);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw reason.startsWith(migration.file) ? error : new Error(`${migration.file}: ${reason}`, { cause: error });
  }
  session.say(`${migration.file} done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}
