import { print, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import { createPool, refusePooler } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { rebuild } from '../rebuild/rebuild.js';
import { reportOf } from '../rebuild/report.js';
import { SHADOW_SETTINGS } from '../rebuild/shadow-tables.sql.js';

const usage = `Builds every view anew from the archive of events, beside the live ones and while traffic goes on, with today's code. Then stops
the consumers for a moment, adds what came meanwhile, compares, and takes over in one transaction.

  npm run rebuild                takes over only if nothing differs; otherwise shows what does
  npm run rebuild -- --accept    takes over whatever differs

Queries are answered throughout. Interrupted at any point, the live views are as they were. Never takes over while an
event is missing in the archive, or cannot be read by today's code.
Exit code 0: taken over. 1: not, the lines say why. 2: it could not be done. Reads READ_DATABASE_URL and
INBOX_RETENTION_DAYS, from the environment or .env.`;

const STATEMENT_TIMEOUT_MS = 3_600_000;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ READ_DATABASE_URL: true, INBOX_RETENTION_DAYS: true }),
  options: { accept: { type: 'boolean', default: false } },
  run: async ({ config, values: { accept }, log }) => {
    const options = {
      url: config.READ_DATABASE_URL,
      applicationName: 'rebuild',
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      log,
    };
    // One connection holds the lock, one reads or takes over, one reads the rest while the other has stopped the consumers.
    const pool = createPool({ ...options, maxConnections: 3 });
    const shadow = createPool({ ...options, maxConnections: 1, settings: SHADOW_SETTINGS });
    const progress = showProgress();
    try {
      await refusePooler(pool, 'rebuild');
      const rebuilt = await rebuild({ pool, shadow, progress, accept, inboxDays: config.INBOX_RETENTION_DAYS });
      progress.end();
      if (rebuilt === undefined) throw new Error('another rebuild is running on this database');
      for (const line of reportOf(rebuilt)) print(line);
      return rebuilt.swapped ? 0 : 1;
    } finally {
      progress.end();
      await Promise.all([pool.end(), shadow.end()]);
    }
  },
});
