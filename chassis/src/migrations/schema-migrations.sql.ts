import type pg from 'pg';
import type { Migration } from './migration-file.js';

/** A row of `schema_migrations`. A migration without `finishedAt` was interrupted and continues with the next run. */
export interface MigrationRecord {
  readonly id: string;
  readonly checksum: string;
  readonly step: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

/** The init files do not have this table, because it belongs to the runner. */
const TABLE = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    id          TEXT PRIMARY KEY,
    checksum    TEXT        NOT NULL,
    kind        TEXT        NOT NULL,
    step        TEXT        NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
  )`;

export async function createRecordTable(client: pg.ClientBase): Promise<void> {
  await client.query(TABLE);
}

/** Reads the records, in a database that may have no table for them yet. */
export async function readRecords(client: pg.ClientBase): Promise<MigrationRecord[]> {
  if ((await missingTables(client, ['schema_migrations'])).length > 0) return [];
  const { rows } = await client.query<MigrationRecord>(
    `SELECT id, checksum, step, started_at AS "startedAt", finished_at AS "finishedAt" FROM schema_migrations ORDER BY id`,
  );
  return rows;
}

export async function recordStart(client: pg.ClientBase, { id, checksum, kind, step }: Migration): Promise<void> {
  await client.query(
    `INSERT INTO schema_migrations (id, checksum, kind, step, started_at) VALUES ($1, $2, $3, $4, clock_timestamp())
     ON CONFLICT (id) DO UPDATE SET (checksum, kind, step) = ROW (excluded.checksum, excluded.kind, excluded.step)`,
    [id, checksum, kind, step],
  );
}

export async function recordEnd(client: pg.ClientBase, { id }: Migration): Promise<void> {
  await client.query('UPDATE schema_migrations SET finished_at = clock_timestamp() WHERE id = $1', [id]);
}

/** Returns those of the tables that a statement without a schema would not find. */
export async function missingTables(client: pg.ClientBase, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n) WHERE to_regclass(name) IS NULL ORDER BY n',
    [tables],
  );
  return rows.map(({ name }) => name);
}
