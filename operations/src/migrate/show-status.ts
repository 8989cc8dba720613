import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { inspectDatabase } from '@tallyline/chassis/migrations/inspect-database';
import type { PlannedMigration } from '@tallyline/chassis/migrations/plan';
import type { MigratedDatabase } from './database.js';

/** Lists each migration with its state. The exit code is 1 while services of this release lack something. */
export async function showStatus(databases: readonly MigratedDatabase[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  for (const { side, url, schema } of databases) {
    const inspection = await inspectDatabase(url, schema);
    if (inspection.state !== 'in use') {
      print(
        `${side} database: ${inspection.state === 'absent' ? 'does not exist' : 'has no tables'}; up creates its schema`,
      );
      exitCode = 1;
      continue;
    }
    const { all, unknown, unknownContract } = inspection.plan;
    print(`${side} database:`);
    for (const planned of all) print(`  ${planned.migration.id.padEnd(40)} ${kindOf(planned)} ${stateOf(planned)}`);
    for (const id of unknown) print(`  ${id.padEnd(40)} applied by a newer release`);
    for (const id of unknownContract)
      print(`  ${id.padEnd(40)} contract step of a newer release: this release cannot run on this database any more`);
    if (unknownContract.length > 0) exitCode = 1;
    if (all.some(({ migration, state }) => state !== 'applied' && migration.step === 'expand')) exitCode = 1;
    if (all.some(({ state }) => state === 'changed')) exitCode = 1;
  }
  return exitCode;
}

function kindOf({ migration: { kind, step } }: PlannedMigration): string {
  return `${step.padEnd(8)} ${kind.padEnd(12)}`;
}

function stateOf({ migration, state, record }: PlannedMigration): string {
  if (state === 'applied') return `applied ${record?.finishedAt?.toISOString()}`;
  if (state === 'started') return `not finished, started ${record?.startedAt.toISOString()}; up continues it`;
  if (state === 'changed') return 'CHANGED since it was applied: restore the text of the release';
  return migration.step === 'contract' ? 'pending: up --contract' : 'pending';
}
