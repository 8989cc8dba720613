import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { dropMonth } from './drop-month.js';
import { exportClosed } from './export-closed.js';
import { restoreMonths } from './restore-months.js';
import { verifyLake } from './verify-lake.js';

const usage = `Moves closed months of the event archive between Postgres and a data lake of Parquet files.

  npm run archive -- export  [--dir DIR] [--month YYYY-MM]    writes every closed month that the lake does not have
  npm run archive -- verify  [--dir DIR] [--month YYYY-MM]    compares files, manifest and rows
  npm run archive -- drop    [--dir DIR] --month YYYY-MM      compares them, then drops the rows of the month
  npm run archive -- restore [--dir DIR] [--month YYYY-MM]    restores events that the lake has and the database lacks

DIR is ./data-lake by default. An event belongs to the month in which it arrived, in UTC. A month is closed an hour after its
end. Exit code 0: done. 1: something differs. 2: failed. Reads READ_DATABASE_URL from the environment or .env.`;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ READ_DATABASE_URL: true }),
  options: { dir: { type: 'string', default: 'data-lake' }, month: { type: 'string' } },
  mostArguments: 1,
  run: async ({ config, values: { dir: lake, month }, positionals: [command], log }) => {
    if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
      throw new UsageError(`${month} is not a month such as 2026-10`);
    const pool = createPool({
      url: config.READ_DATABASE_URL,
      applicationName: 'archive',
      maxConnections: 2,
      statementTimeoutMs: 60_000,
      log,
    });
    try {
      if (command === 'export') return await exportClosed(pool, lake, month);
      if (command === 'verify') return await verifyLake(pool, lake, month);
      if (command === 'restore') return await restoreMonths(pool, lake, month);
      if (command === 'drop' && month !== undefined) return await dropMonth(pool, lake, month);
      if (command === 'drop') throw new UsageError('drop needs --month');
      throw new UsageError(command === undefined ? 'a command is missing' : `there is no command "${command}"`);
    } finally {
      await pool.end();
    }
  },
});
