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
  /** Expand steps that a newer release has applied or begun. They are no fault, because they fit this release. */
  readonly unknown: readonly string[];
  /** Contract steps that a newer release has applied or begun. This release cannot run after them. */
  readonly unknownContract: readonly string[];
}

/** Compares the files of this release with what the database has recorded. */
export function planMigrations(migrations: readonly Migration[], records: readonly MigrationRecord[]): Plan {
  const byId = new Map(records.map((record) => [record.id, record]));
  const all = migrations.map((migration) => {
    const record = byId.get(migration.id);
    return { migration, record, state: stateOf(migration, record) };
  });
  const open = all.filter(({ state }) => state === 'pending' || state === 'started').map(({ migration }) => migration);
  const unknown = records.filter(({ id }) => !migrations.some((migration) => migration.id === id));
  const isContract = ({ step }: MigrationRecord) => step === 'contract';
  return {
    all,
    expand: open.filter(({ step }) => step === 'expand'),
    contract: open.filter(({ step }) => step === 'contract'),
    unknown: unknown.filter((record) => !isContract(record)).map(({ id }) => id),
    unknownContract: unknown.filter(isContract).map(({ id }) => id),
  };
}

function stateOf({ checksum }: Migration, record: MigrationRecord | undefined): MigrationState {
  if (record === undefined) return 'pending';
  if (record.finishedAt === null) return 'started';
  return record.checksum === checksum ? 'applied' : 'changed';
}

/** Throws when this release must not change the database, or cannot run on it any more. */
export function refuseUnfit({ all, unknownContract }: Plan): void {
  if (unknownContract.length > 0) {
    throw new Error(
      `a newer release has run the contract step ${unknownContract.join(', ')}, which took away what this release needs: ` +
        'run the services of the newer release, because this one cannot run on this database any more',
    );
  }
  // Nobody knows any more what a database has been through when an applied file has another text now.
  const changed = all.filter(({ state }) => state === 'changed').map(({ migration }) => migration.file);
  if (changed.length === 0) return;
  throw new Error(
    `${changed.join(', ')}: the text has changed since it was applied to this database. ` +
      'Restore the text of the release, and put the change into a new file',
  );
}
