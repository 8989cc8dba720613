import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Customer, fillBasket, pickerOf } from './customers.js';
import type { Random } from './random.js';
import { expectedOrders, SLOT_MS, wallClock } from './rhythm.js';
import type { ShelfItem } from './stock-shelves.js';

/** This rate fills the charts of the page, and the import of 30 days takes less than a minute. */
const ORDERS_PER_DAY = 3_000;
/** The shop grows by this factor over the whole history. */
const GROWTH = 1.4;
const DAY_MS = 86_400_000;
const MAX_ERROR_LENGTH = 1_000;

const importer = fileURLToPath(new URL('../../command-service/dist/operations/import-orders.main.js', import.meta.url));

/** Imports past orders with the command `import-orders`, because the HTTP API does not accept orders with a date. */
export async function importHistory(
  random: Random,
  customers: readonly Customer[],
  shelf: readonly ShelfItem[],
  { days, timeZone }: { days: number; timeZone: string },
  onProgress: (text: string) => void,
): Promise<void> {
  const child = spawn(process.execPath, [importer], { stdio: ['pipe', 'pipe', 'pipe'] });
  // The error text is shown only if the import fails: some orders are refused on purpose, for products that are sold out.
  let errors = '';
  child.stderr.on('data', (text) => {
    errors = `${errors}${text}`.slice(-MAX_ERROR_LENGTH);
  });
  const ended = once(child, 'exit');
  createInterface({ input: child.stdout }).on('line', onProgress);
  // If the importer ends early, its exit code is reported and not the broken pipe.
  child.stdin.on('error', () => undefined);
  for (const line of pastOrders(random, customers, shelf, days, wallClock(timeZone))) {
    if (!child.stdin.write(`${line}\n`)) await Promise.race([once(child.stdin, 'drain'), ended]);
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0)
    throw new Error(
      `${errors}The history was not imported. Check that WRITE_DATABASE_URL is that of the running suite.`,
    );
}

function* pastOrders(
  random: Random,
  customers: readonly Customer[],
  shelf: readonly ShelfItem[],
  days: number,
  clock: (at: number) => Date,
) {
  const end = Date.now();
  const start = end - days * DAY_MS;
  const nextCustomer = pickerOf(random, customers);
  for (let slot = start; slot < end; slot += SLOT_MS) {
    const grown = 1 + (GROWTH - 1) * ((slot - start) / (end - start));
    const expected = expectedOrders(clock(slot), ORDERS_PER_DAY * grown);
    // The count varies by a third around the expected number. The fraction is the chance of one more order.
    const count = Math.floor(expected * (0.66 + 0.68 * random.next()) + random.next());
    for (let order = 0; order < count; order += 1) {
      const placedAt = new Date(Math.min(slot + random.whole(SLOT_MS), end)).toISOString();
      yield JSON.stringify({ placedAt, ...fillBasket(random, nextCustomer(), shelf) });
    }
  }
}
