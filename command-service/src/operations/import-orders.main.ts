import { print, printWarning, runCommandLine } from '@tallyline/chassis/command-line/command-line';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { writtenVersionsOf } from '@tallyline/contracts/written-versions';
import { leaveToRelay } from '../outbox/emit.js';
import { GROUP_SIZE, importLines } from './import-orders/import-lines.js';
import { type InvalidLine, LineRanges, orderLines } from './import-orders/order-lines.js';

const usage = `Stores orders of the past, from standard input: one JSON object per line.

  npm run import-orders < orders.ndjson
  npm run import-orders -- --skip-invalid < orders.ndjson 2> left-out.txt
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Orders get the price of the catalogue and take stock, like new orders. A running command-service publishes their events
within its poll interval. An import that is run twice stores the orders twice.
If the import stops early, also by Ctrl-C, the error names the line to resume from. An import that is killed (SIGKILL) cannot
do this: up to ${GROUP_SIZE} lines after the last line that it printed may be stored.
An invalid line stops the import. With --skip-invalid, invalid lines are left out. Each is reported on standard error with
its fault, and all are listed at the end.
Exit code 0: all lines were read. 1: all lines were read, but invalid ones were left out. 2: the import stopped early.
Reads WRITE_DATABASE_URL and EVENT_VERSIONS, from the environment or .env.`;

/** Further refusals are counted but not printed, because they would hide the lines printed after them. */
const MAX_SHOWN_REFUSALS = 20;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true, EVENT_VERSIONS: true }),
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
    // The listener stays after the first signal, because a Ctrl-C may arrive twice: from the terminal and from npm.
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
      await importLines(
        leaveToRelay(pool, writtenVersionsOf(config.EVENT_VERSIONS)),
        orderLines(process.stdin, stop.signal),
        {
          onRefused: ({ number }, reason, nth) => {
            if (nth <= MAX_SHOWN_REFUSALS || values['skip-invalid'])
              printWarning(`line ${number} is refused: ${reason}`);
          },
          onStored: (soFar) => {
            leftOut = soFar.invalid;
            const invalidLines = leftOut > 0 ? `, ${leftOut} invalid` : '';
            print(`${soFar.imported} imported, ${soFar.refused} refused${invalidLines}, up to line ${soFar.upToLine}`);
          },
          ...(values['skip-invalid'] && skipInvalid),
        },
      );
      if (leftOut === 0) return 0;
      print(`Left out, because they are not orders: line(s) ${invalid}`);
      return 1;
    } finally {
      await pool.end();
    }
  },
});
