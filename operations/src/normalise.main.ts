import { print, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { normalise } from './normalise/normalise.js';

const usage = `Gives names, categories and receipts that were stored by an earlier version the one spelling that requests and events get
today: composed letters (Unicode NFC), plain spaces, and nothing that is invisible or turns the direction of writing.

  npm run normalise -- --dry-run    what would change
  npm run normalise                 changes it in the write database; services may run meanwhile

What it changes of products is in the views after npm run rebuild -- --accept. Exit code 0: done. 1: done, but for what it
names, which a person has to decide. 2: it could not be done. Reads WRITE_DATABASE_URL, from the environment or .env.`;

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
      const { products, purchases, left } = await normalise(pool, isDryRun);
      for (const line of left) print(line);
      print(`${isDryRun ? 'Would change' : 'Changed'} ${products} product(s) and ${purchases} purchase(s).`);
      if (products > 0 && !isDryRun) print('Bring the views up to it: npm run rebuild -- --accept');
      return left.length === 0 ? 0 : 1;
    } finally {
      await pool.end();
    }
  },
});
