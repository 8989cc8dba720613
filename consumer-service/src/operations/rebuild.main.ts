import { print, runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import { createPool, refusePooler } from '@tallyline/chassis/postgres/pool';
import { ownVersion } from '@tallyline/chassis/process/version';
import { environment } from '@tallyline/contracts/environment';
import { views } from '../projections/index.js';
import { rebuild } from '../rebuild/rebuild.js';
import { reportOf } from '../rebuild/report.js';
import { SHADOW_SETTINGS } from '../rebuild/shadow-tables.sql.js';
import { filledViews } from '../view-history/view-history.sql.js';

function namesInLines(names: readonly string[]): string {
  const lines: string[] = [];
  for (let first = 0; first < names.length; first += 4) lines.push(`  ${names.slice(first, first + 4).join(', ')}`);
  return lines.join(',\n');
}

const usage = `Fills every view anew from the archive of events, with today's code, in shadow tables beside the live views. Traffic goes on.
Then it stops the consumers for a moment, adds the events that came meanwhile, compares, and swaps all views in one
transaction.

  npm run rebuild                   swaps only if nothing differs; otherwise it shows the differences
  npm run rebuild -- --accept       swaps even if rows differ
  npm run rebuild -- --view NAME    rebuilds this view alone; may be repeated

A view that is new, or has a new column, lacks the events that older consumers have applied (sync-status:
view-lacks-history). A rebuild completes it and needs no --accept for it. With --view it refuses while an older consumer
may still run.

NAME is one of
${namesInLines(views.map(({ table }) => table))}.

Queries are answered throughout. If the command is interrupted, the live views stay as they were. It never swaps while the
archive lacks an event, or holds one that today's code cannot read.
Exit code 0: swapped. 1: not swapped, and the lines say why. 2: the command failed. Reads READ_DATABASE_URL and
INBOX_RETENTION_DAYS, from the environment or .env.`;

const STATEMENT_TIMEOUT_MS = 3_600_000;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ READ_DATABASE_URL: true, INBOX_RETENTION_DAYS: true }),
  options: { accept: { type: 'boolean', default: false }, view: { type: 'string', multiple: true } },
  run: async ({ config, values: { accept, view: names }, log }) => {
    const unknown = names?.find((name) => !views.some(({ table }) => table === name));
    if (unknown !== undefined) throw new UsageError(`there is no view "${unknown}"`);
    const chosen = names && views.filter(({ table }) => names.includes(table));
    const options = {
      url: config.READ_DATABASE_URL,
      applicationName: 'rebuild',
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      log,
    };
    // One connection holds the lock, one compares and swaps, and one reads the last events while the consumers are stopped.
    const pool = createPool({ ...options, maxConnections: 3, settings: filledViews(views) });
    const shadow = createPool({ ...options, maxConnections: 1, settings: SHADOW_SETTINGS });
    const progress = showProgress();
    try {
      await refusePooler(pool, 'rebuild');
      const inboxDays = config.INBOX_RETENTION_DAYS;
      const rebuilt = await rebuild({
        pool,
        shadow,
        progress,
        views,
        chosen,
        accept,
        inboxDays,
        version: ownVersion,
      });
      progress.end();
      if (rebuilt === undefined)
        throw new Error('another rebuild is running on this database; try again when it has ended');
      for (const line of reportOf(rebuilt)) print(line);
      return rebuilt.swapped ? 0 : 1;
    } finally {
      progress.end();
      await Promise.all([pool.end(), shadow.end()]);
    }
  },
});
