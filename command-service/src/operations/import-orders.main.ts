import { print, runCommandLine } from '@tallyline/chassis/command-line';
import { createPool } from '@tallyline/chassis/postgres';
import { TransactionError } from '@tallyline/chassis/postgres-errors';
import { traceparentOf } from '@tallyline/chassis/trace-context';
import { environment } from '@tallyline/contracts/environment';
import { importOrders } from '../import/import-orders.js';
import { type OrderLine, orderLines } from '../import/order-lines.js';
import { WRITER_APPLICATION } from '../outbox/watermark.sql.js';

/** Large enough to share a commit, small enough not to keep customers of now waiting for a product: 20 ms. */
const GROUP_SIZE = 200;

const usage = `Stores orders of the past: one JSON object per line on standard input.

  npm run import-orders < orders.ndjson
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Prices are the catalogue's and stock is taken, as for an order of today. A running command-service publishes the events
within its poll interval. Running it twice stores the orders twice; when it stops half-way, by Ctrl-C, too, it says where to
go on. What is killed (SIGKILL) cannot: up to ${GROUP_SIZE} lines after the last one that it told may be stored.
Reads WRITE_DATABASE_URL, from the environment or .env.`;

/** More would hide what comes after them. */
const SHOWN_REFUSALS = 20;

/** So that nobody stores a line twice, or leaves one out. */
function whereItStopped(error: unknown, storedUpTo: number, group: readonly OrderLine[]): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const last = group.at(-1)?.number;
  const isUnknown = error instanceof TransactionError && error.outcomeUnknown;
  const unknown = `Nobody can know whether lines ${storedUpTo + 1} to ${last} are stored: look for their last order. `;
  const stored = storedUpTo === 0 ? 'No line is stored' : `Lines 1 to ${storedUpTo} are done`;
  const next = `${stored}; go on with line ${storedUpTo + 1}: tail -n +${storedUpTo + 1}`;
  return new Error(`${reason}\n${isUnknown ? unknown : ''}${next}`, { cause: error });
}

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true }),
  options: {},
  run: async ({ config, log }) => {
    const pool = createPool({
      url: config.WRITE_DATABASE_URL,
      applicationName: WRITER_APPLICATION,
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      log,
    });
    const stop = new AbortController();
    // Not once: a Ctrl-C may arrive twice, from the terminal and passed on by npm.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
    const traceparent = traceparentOf(undefined);
    let group: OrderLine[] = [];
    let storedUpTo = 0;
    let imported = 0;
    let refused = 0;
    const store = async () => {
      const orders = group.map(({ order }) => order);
      const refusals = await importOrders(pool, orders, traceparent);
      for (const { index, reason } of refusals) {
        refused += 1;
        if (refused <= SHOWN_REFUSALS) process.stderr.write(`line ${group[index]?.number} is refused: ${reason}\n`);
      }
      imported += group.length - refusals.length;
      storedUpTo = group.at(-1)?.number ?? storedUpTo;
      group = [];
      print(`${imported} imported, ${refused} refused, up to line ${storedUpTo}`);
    };
    try {
      for await (const line of orderLines(process.stdin, stop.signal)) {
        group.push(line);
        if (group.length === GROUP_SIZE) await store();
      }
      if (group.length > 0) await store();
      return 0;
    } catch (error) {
      throw whereItStopped(error, storedUpTo, group);
    } finally {
      await pool.end();
    }
  },
});
