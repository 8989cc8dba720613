import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { contract } from '@tallyline/chassis/migrations/migrate-up';
import { prepareDatabase } from '@tallyline/chassis/migrations/prepare-database';
import { LOCK_LIMITS, withMigrationSession } from '@tallyline/chassis/migrations/session.sql';
import { findRefusals, type MigratedDatabase } from './database.js';

/** Runs the expand steps of all databases, and then the contract steps if they are wanted and no older service runs. */
export async function migrateUp(databases: readonly MigratedDatabase[], isContract: boolean): Promise<ExitCode> {
  const waiting: MigratedDatabase[] = [];
  for (const database of databases) {
    const { side, url, schema } = database;
    const contracts = await prepareDatabase(url, side, { say: sayOf(database), schema });
    if (contracts.length > 0) waiting.push(database);
    print(`${side} database: all expand steps are applied`);
    if (isContract) continue;
    for (const { file } of contracts) print(`${side} database: the contract step ${file} waits`);
  }
  if (waiting.length === 0) return 0;
  if (!isContract) {
    print('When no service of an older release runs any more: npm run migrate -- up --contract');
    return 0;
  }
  for (const database of waiting) {
    const { url, schema } = database;
    const refusals = await withMigrationSession({ url, say: sayOf(database), limits: LOCK_LIMITS }, (session) =>
      contract(session, schema.migrations, () => findRefusals(databases)),
    );
    if (refusals.length > 0) return refuse(refusals);
    print(`${database.side} database: all contract steps are applied`);
  }
  return 0;
}

function sayOf({ side }: MigratedDatabase) {
  return (line: string) => print(`${side} database: ${line}`);
}

function refuse(refusals: readonly string[]): ExitCode {
  print('Contract steps are refused, because services of an older release were seen:');
  for (const refusal of refusals) print(`  ${refusal}`);
  print('Stop them, wait a minute, and run the command again.');
  return 1;
}
