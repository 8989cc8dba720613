import { print, printWarning, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { GROUP_SIZE, importLines } from '../import/import-lines.js';
import { LineRanges } from '../import/line-ranges.js';
import { type InvalidLine, orderLines } from '../import/order-lines.js';

const usage = `Stores orders of the past: one JSON object per line on standard input.

  npm run import-orders < orders.ndjson
  npm run import-orders -- --skip-invalid < orders.ndjson 2> left-out.txt
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Prices are the catalogue's and stock is taken, as for an order of today. A running command-service publishes the events
within its poll interval. Running it twice stores the orders twice; when it stops half-way, by Ctrl-C, too, it says where to
go on. A line that is no order ends it; with --skip-invalid such lines are left out, each named on standard error with its
fault, and all of them at the end. Exit code 0: done. 1: done, but for lines that are no orders. 2: it ended before its end.
What is killed (SIGKILL) cannot: up to ${GROUP_SIZE} lines after the last one that it told may be stored.
Reads WRITE_DATABASE_URL, from the environment or .env.`;

/** More would hide what comes after them. */
const SHOWN_REFUSALS = 20;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true }),
  options: { 'skip-invalid': { type: 'boolean', default: false } },
  run: async ({ config, values, log }) => {
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
    const invalid = new LineRanges();
    const skipInvalid = {
      onInvalid: ({ number, fault }: InvalidLine) => {
        invalid.add(number);
        printWarning(`line ${number} is not an order: ${fault}`);
      },
    };
    let leftOut = 0;
    try {
      await importLines(pool, orderLines(process.stdin, stop.signal), {
        onRefused: ({ number }, reason, nth) => {
          if (nth <= SHOWN_REFUSALS || values['skip-invalid']) printWarning(`line ${number} is refused: ${reason}`);
        },
        onStored: (soFar) => {
          leftOut = soFar.invalid;
          const noOrders = leftOut > 0 ? `, ${leftOut} no orders` : '';
          print(`${soFar.imported} imported, ${soFar.refused} refused${noOrders}, up to line ${soFar.upToLine}`);
        },
        ...(values['skip-invalid'] && skipInvalid),
      });
      if (leftOut === 0) return 0;
      print(`Left out, because they are no orders: line(s) ${invalid}`);
      return 1;
    } finally {
      await pool.end();
    }
  },
});
