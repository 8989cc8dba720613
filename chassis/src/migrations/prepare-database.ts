import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expand } from './migrate-up.js';
import { type Migration, readMigrations } from './migration-file.js';
import { inTransaction } from './run-in-transaction.js';
import { createRecordTable, missingTables, readRecords, recordEnd, recordStart } from './schema-migrations.sql.js';
import {
  createDatabase,
  databaseExists,
  LOCK_LIMITS,
  type LockLimits,
  type MigrationSession,
  type Say,
  withMigrationSession,
} from './session.sql.js';
import { withoutComments } from './split-statements.js';

/** The write database or the read database. */
export type Side = 'write' | 'read';

/** The repository root, three folders above both `src/migrations/` and `dist/migrations/`. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Schema {
  /** The complete schema, for a fresh database. */
  readonly initSql: string;
  readonly migrations: readonly Migration[];
}

/** Reads the schema of this release. */
export async function readSchema(side: Side): Promise<Schema> {
  const folder = `migrations/${side}`;
  return {
    initSql: await readFile(`${root}init-${side}.sql`, 'utf8'),
    migrations: await readMigrations(`${root}${folder}`, folder),
  };
}

export interface PrepareOptions {
  readonly say?: Say;
  readonly schema?: Schema;
  readonly limits?: LockLimits;
}

/**
 * Brings a database to the schema of this release: creates it if it does not exist, gives a fresh one the complete schema,
 * and runs the expand steps on any other. Returns the contract steps that wait.
 */
export async function prepareDatabase(url: string, side: Side, options: PrepareOptions = {}): Promise<Migration[]> {
  const { say = () => undefined, schema = await readSchema(side), limits = LOCK_LIMITS } = options;
  if (!(await databaseExists(url))) await createDatabase(url);
  return withMigrationSession({ url, say, limits }, async (session) => {
    if (await isFresh(session, schema)) {
      await initialise(session, schema);
      return [];
    }
    return expand(session, schema.migrations);
  });
}

/**
 * A database is fresh when it has no table of the schema and no record of a migration. Other tables, such as those of an
 * extension, do not count. Throws when a database without records has only some of the tables that no migration creates: it is
 * neither a fresh one nor one of an earlier release.
 */
export async function isFresh(
  { client }: Pick<MigrationSession, 'client'>,
  { initSql, migrations }: Schema,
): Promise<boolean> {
  if ((await readRecords(client)).length > 0) return false;
  const tables = tablesIn(initSql);
  const missing = await missingTables(client, tables);
  if (missing.length === tables.length) return true;
  const created = new Set(migrations.flatMap(({ sql }) => tablesIn(sql)));
  const lost = missing.filter((table) => !created.has(table));
  if (lost.length === 0) return false;
  throw new Error(
    `this database has only some tables of the schema and no record of migrations: ${lost.join(', ')} of ${tables.length} ` +
      'tables do not exist. Give an empty database or a complete backup',
  );
}

/** The names of the tables that an SQL text creates. */
function tablesIn(sql: string): string[] {
  const created = withoutComments(sql).matchAll(
    /\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z]\w*)/g,
  );
  return [...new Set([...created].map(([, name]) => name ?? ''))];
}

/** The schema and the records are one transaction, so a run that is interrupted leaves a fresh database. */
async function initialise(session: MigrationSession, { initSql, migrations }: Schema): Promise<void> {
  await inTransaction(session, async () => {
    await session.client.query(initSql);
    await createRecordTable(session.client);
    for (const migration of migrations) {
      await recordStart(session.client, migration);
      await recordEnd(session.client, migration);
    }
  });
  session.say(`created the schema of this release, which includes ${migrations.length} migrations`);
}
