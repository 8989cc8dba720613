import { createInterface } from 'node:readline';
import { print, runCommandLine } from '@tallyline/chassis/command-line';
import { createPool } from '@tallyline/chassis/postgres';
import { TransactionError } from '@tallyline/chassis/postgres-errors';
import { Problem } from '@tallyline/chassis/problem';
import { traceparentOf } from '@tallyline/chassis/trace-context';
import { parseInput } from '@tallyline/chassis/validation';
import { environment } from '@tallyline/contracts/environment';
import { importOrders, type PastOrder, pastOrder } from '../import/import-orders.js';
import { WRITER_APPLICATION } from '../outbox/watermark.sql.js';

const usage = `Stores orders of the past: one JSON object per line on standard input.

  npm run import-orders < orders.ndjson
  { "placedAt": "2026-11-01T09:30:00Z", "customerId": 801, "items": [{ "productId": 1, "quantity": 2 }] }

Prices are the catalogue's and stock is taken, as for an order of today. A running command-service publishes the events
within its poll interval. Running it twice stores the orders twice; when it stops half-way, it says where to go on.
Reads WRITE_DATABASE_URL, from the environment or .env.`;

/** Large enough to share a commit, small enough not to keep customers of now waiting for a product: 20 ms. */
const GROUP_SIZE = 200;

const BYTE_ORDER_MARK = /^\ufeff/;

/** More would hide what comes after them. */
const SHOWN_REFUSALS = 20;

interface Line {
  readonly number: number;
  readonly order: PastOrder;
}

function parse(text: string, number: number): Line {
  try {
    return { number, order: parseInput(pastOrder, JSON.parse(text), 'body') };
  } catch (error) {
    const reason = error instanceof Problem ? error.details.detail : 'it is not JSON';
    throw new Error(`line ${number} is not an order: ${reason}`);
  }
}

/** So that nobody stores a line twice, or leaves one out. */
function whereItStopped(error: unknown, storedUpTo: number, group: readonly Line[]): Error {
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
    const traceparent = traceparentOf(undefined);
    let group: Line[] = [];
    let number = 0;
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
      storedUpTo = number;
      group = [];
      print(`${imported} imported, ${refused} refused`);
    };
    try {
      for await (const line of createInterface({ input: process.stdin })) {
        number += 1;
        const text = number === 1 ? line.replace(BYTE_ORDER_MARK, '') : line;
        if (text.trim() === '') continue;
        group.push(parse(text, number));
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
