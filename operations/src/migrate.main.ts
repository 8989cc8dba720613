import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { readSchema, type Side } from '@tallyline/chassis/migrations/prepare-database';
import { environment } from '@tallyline/contracts/environment';
import type { MigratedDatabase } from './migrate/database.js';
import { showPlan } from './migrate/show-plan.js';
import { showStatus } from './migrate/show-status.js';
import { migrateUp } from './migrate/up.js';

const usage = `Brings the databases to the schema of this release. Services of this release and of the one before may be running.

  npm run migrate -- status           lists each migration with its state in each database
  npm run migrate -- up               creates what does not exist, and runs the expand steps
  npm run migrate -- up --contract    then runs the contract steps too, unless a service of an older release was seen within
                                      the last minute
  npm run migrate -- up --dry-run     prints what would run and changes nothing; also with --contract

  --only write|read                   one database alone

A run that was interrupted continues with the next one, and two runs wait for each other.
Exit code 0: done. 1: status: migrations are pending; up: contract steps were refused. 2: failed. Reads WRITE_DATABASE_URL and
READ_DATABASE_URL from the environment or .env.`;

const sides: readonly Side[] = ['write', 'read'];

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true, READ_DATABASE_URL: true }),
  options: {
    contract: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    only: { type: 'string' },
  },
  mostArguments: 1,
  run: async ({ config, values, positionals: [action] }) => {
    const { only, contract = false, 'dry-run': isDryRun = false } = values;
    if (only !== undefined && !sides.some((side) => side === only)) throw new UsageError('--only is write or read');
    if (action !== 'status' && action !== 'up') throw new UsageError('say what to do: status or up');
    if (action === 'status' && (contract || isDryRun)) throw new UsageError('--contract and --dry-run belong to up');
    const urls: Readonly<Record<Side, string>> = { write: config.WRITE_DATABASE_URL, read: config.READ_DATABASE_URL };
    const databases: readonly MigratedDatabase[] = await Promise.all(
      sides
        .filter((side) => only === undefined || side === only)
        .map(async (side) => ({ side, url: urls[side], schema: await readSchema(side) })),
    );
    if (action === 'status') return showStatus(databases);
    return isDryRun ? showPlan(databases, contract) : migrateUp(databases, contract);
  },
});
