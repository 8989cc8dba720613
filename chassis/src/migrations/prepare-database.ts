import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expand } from './migrate-up.js';
import { type Migration, readMigrations } from './migration-file.js';
import { inTransaction } from './run-in-transaction.js';
import { createRecordTable, hasTable, recordEnd, recordStart } from './schema-migrations.sql.js';
import {
  createDatabase,
  databaseExists,
  LOCK_LIMITS,
  type LockLimits,
  type MigrationSession,
  type Say,
  withMigrationSession,
} from './session.sql.js';

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

/** A database is fresh when it has no table of the schema. Other tables, such as those of an extension, do not count. */
export async function isFresh({ client }: Pick<MigrationSession, 'client'>, { initSql }: Schema): Promise<boolean> {
  const tables = [...initSql.matchAll(/^CREATE (?:UNLOGGED )?TABLE IF NOT EXISTS (\w+)/gm)].map(
    ([, name]) => name ?? '',
  );
  for (const table of [...tables, 'schema_migrations']) if (await hasTable(client, table)) return false;
  return true;
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
