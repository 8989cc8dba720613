import { print, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { normalise } from './normalise/normalise.js';

const usage = `Rewrites names, categories and receipts that an earlier version stored to the spelling that requests and events get today:
composed characters (Unicode NFC), plain spaces, no invisible characters and no direction marks.

  npm run normalise -- --dry-run    reports what would change
  npm run normalise                 changes it in the write database; services may be running

Changes to products reach the views with npm run rebuild -- --accept. Exit code 0: done. 1: done, except for the printed
rows, about which a person has to decide. 2: failed. Reads WRITE_DATABASE_URL from the environment or .env.`;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true }),
  options: { 'dry-run': { type: 'boolean', default: false } },
  run: async ({ config, values, log }) => {
    const pool = createPool({
      url: config.WRITE_DATABASE_URL,
      applicationName: 'normalise',
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      log,
    });
    try {
      const isDryRun = values['dry-run'] === true;
      const { products, purchases, orderLines, left } = await normalise(pool, isDryRun);
      for (const line of left) print(line);
      const changed = isDryRun ? 'Would change' : 'Changed';
      print(
        `${changed} ${products} product(s) and ${purchases} purchase(s), and the category of ${orderLines} order line(s).`,
      );
      if (products > 0 && !isDryRun) print('To bring the changes into the views: npm run rebuild -- --accept');
      return left.length === 0 ? 0 : 1;
    } finally {
      await pool.end();
    }
  },
});
