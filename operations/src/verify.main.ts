import { print, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { acceptSource } from './verify/accept.sql.js';
import { reportOf } from './verify/report.js';
import { verify } from './verify/verify.js';

const usage = `Recomputes every view from the write database, for exactly the events that the read side has applied, and compares the
rows, to the cent. Works on a running system and changes nothing.

  npm run verify
  npm run verify -- --accept    if both sides are equal, removes the doubt that sync-status reports after the write database
                                was restored, a standby was promoted, or events of another write database came

Exit code 0 and one line: equal. 1: prints the differing rows, each with the missing or doubled event where it can be found.
2: failed. Reads WRITE_DATABASE_URL and READ_DATABASE_URL from the environment or .env.`;

/** One hour is long enough for a large database on a slow machine. */
const STATEMENT_TIMEOUT_MS = 3_600_000;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ READ_DATABASE_URL: true, WRITE_DATABASE_URL: true }),
  options: { accept: { type: 'boolean', default: false } },
  run: async ({ config, values: { accept }, log }) => {
    const pool = (url: string) =>
      createPool({ url, applicationName: 'verify', maxConnections: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS, log });
    const read = pool(config.READ_DATABASE_URL);
    const write = pool(config.WRITE_DATABASE_URL);
    const progress = showProgress();
    try {
      const verdict = await verify(read, write, progress);
      progress.end();
      for (const line of reportOf(verdict)) print(line);
      if (verdict.differing > 0) return 1;
      if (accept) {
        const hasAccepted = await acceptSource(read, write);
        print(
          hasAccepted ? 'Accepted: the views are counted against this write database.' : 'There was nothing to accept.',
        );
      }
      return 0;
    } finally {
      progress.end();
      await Promise.all([read.end(), write.end()]);
    }
  },
});
