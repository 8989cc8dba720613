import { print, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { acceptSource } from './verify/accept.sql.js';
import { reportOf } from './verify/report.js';
import { verify, viewChecks } from './verify/verify.js';

const usage = `Recomputes every view from the write side, for exactly the events that the read side says it has applied, and compares row
by row, to the cent. Works on a live, busy system, and changes nothing.

  npm run verify
  npm run verify -- --accept    where sync-status doubts the write database (it was restored, a standby was promoted, or events
                                of another one came): when both sides are equal, notes that, and the doubt is gone

Exit code 0 and one line: equal. 1: the differing rows, each with the event that is missing or doubled where that can be
told. 2: it could not be done. Reads WRITE_DATABASE_URL and READ_DATABASE_URL, from the environment or .env.`;

/** Sorting a million orders takes seconds; a day's worth of patience is for other machines. */
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
      for (const line of reportOf(verdict, viewChecks.length)) print(line);
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
