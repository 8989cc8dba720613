import { createInterface } from 'node:readline';
import { print, runCommandLine, UsageError } from '@tallyline/chassis/command-line';
import { createPool } from '@tallyline/chassis/postgres';
import { traceparentOf } from '@tallyline/chassis/trace-context';
import { environment } from '@tallyline/contracts/environment';
import { importOrders, type PastOrder, pastOrder } from '../import/import-orders.js';
import { WRITER_APPLICATION } from '../outbox/watermark.sql.js';

const usage = `Stores orders of the past: one JSON object per line on standard input.

  npm run import-orders < orders.ndjson
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Prices are the catalogue's and stock is taken, as for an order of today. A running command-service publishes the events
within its poll interval. Running it twice stores the orders twice.
Reads WRITE_DATABASE_URL, from the environment or .env.`;

/** Large enough to share a commit, small enough not to keep customers of now waiting for a product: 20 ms. */
const GROUP_SIZE = 200;

function parse(line: string, number: number): PastOrder {
  try {
    return pastOrder.parse(JSON.parse(line));
  } catch (error) {
    throw new UsageError(`line ${number} is not an order: ${error instanceof Error ? error.message : error}`);
  }
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
    const traceparent = traceparentOf(undefined);
    let group: PastOrder[] = [];
    let read = 0;
    let refused = 0;
    const store = async () => {
      refused += (await importOrders(pool, group, traceparent)).refused;
      group = [];
      print(`${read - refused} imported, ${refused} refused`);
    };
    try {
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() === '') continue;
        read += 1;
        group.push(parse(line, read));
        if (group.length === GROUP_SIZE) await store();
      }
      if (group.length > 0) await store();
      return 0;
    } finally {
      await pool.end();
    }
  },
});
