import { print, runCommandLine } from '@tallyline/chassis/command-line';
import { createPool } from '@tallyline/chassis/postgres';
import { environment } from '@tallyline/contracts/environment';
import { GROUP_SIZE, importLines } from '../import/import-lines.js';
import { orderLines } from '../import/order-lines.js';

const usage = `Stores orders of the past: one JSON object per line on standard input.

  npm run import-orders < orders.ndjson
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Prices are the catalogue's and stock is taken, as for an order of today. A running command-service publishes the events
within its poll interval. Running it twice stores the orders twice; when it stops half-way, by Ctrl-C, too, it says where to
go on. What is killed (SIGKILL) cannot: up to ${GROUP_SIZE} lines after the last one that it told may be stored.
Reads WRITE_DATABASE_URL, from the environment or .env.`;

/** More would hide what comes after them. */
const SHOWN_REFUSALS = 20;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true }),
  options: {},
  run: async ({ config, log }) => {
    const pool = createPool({
      url: config.WRITE_DATABASE_URL,
      applicationName: 'import-orders',
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      log,
    });
    const stop = new AbortController();
    // Not once: a Ctrl-C may arrive twice, from the terminal and passed on by npm.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
    try {
      await importLines(pool, orderLines(process.stdin, stop.signal), {
        onRefused: ({ number }, reason, nth) => {
          if (nth <= SHOWN_REFUSALS) process.stderr.write(`line ${number} is refused: ${reason}\n`);
        },
        onStored: ({ imported, refused, upToLine }) =>
          print(`${imported} imported, ${refused} refused, up to line ${upToLine}`),
      });
      return 0;
    } finally {
      await pool.end();
    }
  },
});
