import type { Migration } from './migration-file.js';
import type { MigrationRecord } from './schema-migrations.sql.js';

/** `started` is a migration that was interrupted. `changed` is an applied one whose file has another text now. */
export type MigrationState = 'applied' | 'pending' | 'started' | 'changed';

export interface PlannedMigration {
  readonly migration: Migration;
  readonly state: MigrationState;
  readonly record?: MigrationRecord | undefined;
}

export interface Plan {
  readonly all: readonly PlannedMigration[];
  /** Migrations that have to run: all expand steps, then all contract steps, each in the order of their numbers. */
  readonly expand: readonly Migration[];
  readonly contract: readonly Migration[];
  /** Migrations that a newer release has applied. They are no fault: its expand steps fit this release. */
  readonly unknown: readonly string[];
}

/** Compares the files of this release with what the database has recorded. */
export function planMigrations(migrations: readonly Migration[], records: readonly MigrationRecord[]): Plan {
  const byId = new Map(records.map((record) => [record.id, record]));
  const all = migrations.map((migration) => {
    const record = byId.get(migration.id);
    return { migration, record, state: stateOf(migration, record) };
  });
  const open = all.filter(({ state }) => state === 'pending' || state === 'started').map(({ migration }) => migration);
  return {
    all,
    expand: open.filter(({ step }) => step === 'expand'),
    contract: open.filter(({ step }) => step === 'contract'),
    unknown: records.map(({ id }) => id).filter((id) => !migrations.some((migration) => migration.id === id)),
  };
}

function stateOf({ checksum }: Migration, record: MigrationRecord | undefined): MigrationState {
  if (record === undefined) return 'pending';
  if (record.finishedAt === null) return 'started';
  return record.checksum === checksum ? 'applied' : 'changed';
}

/** Throws when an applied file has another text now: nobody knows any more what this database has been through. */
export function refuseChanged({ all }: Plan): void {
  const changed = all.filter(({ state }) => state === 'changed').map(({ migration }) => migration.file);
  if (changed.length === 0) return;
  throw new Error(
    `${changed.join(', ')}: the text has changed since it was applied to this database. ` +
      'Restore the text of the release, and put the change into a new file',
  );
}
