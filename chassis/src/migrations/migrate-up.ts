import type { Migration } from './migration-file.js';
import { type Plan, planMigrations, refuseUnfit } from './plan.js';
import { runMigration } from './run-migration.js';
import { createRecordTable, readRecords } from './schema-migrations.sql.js';
import type { MigrationSession } from './session.sql.js';

/** Reads what is to be done. Throws when this release does not fit the database. */
export async function planOf(
  { client }: Pick<MigrationSession, 'client'>,
  migrations: readonly Migration[],
): Promise<Plan> {
  const plan = planMigrations(migrations, await readRecords(client));
  refuseUnfit(plan);
  return plan;
}

/** Runs all pending expand steps and returns the contract steps that wait. */
export async function expand(session: MigrationSession, migrations: readonly Migration[]): Promise<Migration[]> {
  const plan = await planOf(session, migrations);
  if (plan.unknown.length > 0)
    session.say(`a newer release has applied ${plan.unknown.join(', ')}; this release does not need to know them`);
  await createRecordTable(session.client);
  for (const migration of plan.expand) await runMigration(session, migration);
  return [...plan.contract];
}

/**
 * Runs all pending contract steps. Before each one, `refusals` names the services of an older release that still run; the
 * first time that there are any, nothing more runs, and they are returned.
 */
export async function contract(
  session: MigrationSession,
  migrations: readonly Migration[],
  refusals: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  for (const migration of (await planOf(session, migrations)).contract) {
    const refused = await refusals();
    if (refused.length > 0) return refused;
    await runMigration(session, migration);
  }
  return [];
}
