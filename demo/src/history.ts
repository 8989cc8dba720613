import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Customer, fillBasket, pickerOf } from './customers.js';
import type { Random } from './random.js';
import { expectedOrders, SLOT_MS, wallClock } from './rhythm.js';
import type { ShelfItem } from './stock-shelves.js';

/** 3,000 a day make 90,000 in 30 days: the page is full, and the import takes less than a minute. */
const ORDERS_PER_DAY = 3_000;
/** The shop grows by this factor over the whole history. */
const GROWTH = 1.4;
const DAY_MS = 86_400_000;
const MAX_TOLD = 1_000;

const importer = fileURLToPath(new URL('../../command-service/dist/operations/import-orders.main.js', import.meta.url));

/** Writes the past through the operator's `import-orders`: orders cannot be backdated over HTTP, and should not be. */
export async function importHistory(
  random: Random,
  customers: readonly Customer[],
  shelf: readonly ShelfItem[],
  { days, timeZone }: { days: number; timeZone: string },
  onProgress: (text: string) => void,
): Promise<void> {
  const child = spawn(process.execPath, [importer], { stdio: ['pipe', 'pipe', 'pipe'] });
  // It names the orders that it refuses; here some want what is sold out, on purpose.
  let told = '';
  child.stderr.on('data', (text) => {
    told = `${told}${text}`.slice(-MAX_TOLD);
  });
  const ended = once(child, 'exit');
  createInterface({ input: child.stdout }).on('line', onProgress);
  // Its end is what is reported, not the pipe that broke with it.
  child.stdin.on('error', () => undefined);
  for (const line of pastOrders(random, customers, shelf, days, wallClock(timeZone))) {
    if (!child.stdin.write(`${line}\n`)) await Promise.race([once(child.stdin, 'drain'), ended]);
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0)
    throw new Error(`${told}the history could not be imported; is WRITE_DATABASE_URL the one of the running suite?`);
}

function* pastOrders(
  random: Random,
  customers: readonly Customer[],
  shelf: readonly ShelfItem[],
  days: number,
  onTheWall: (at: number) => Date,
) {
  const end = Date.now();
  const start = end - days * DAY_MS;
  const nextCustomer = pickerOf(random, customers);
  for (let slot = start; slot < end; slot += SLOT_MS) {
    const grown = 1 + (GROWTH - 1) * ((slot - start) / (end - start));
    const expected = expectedOrders(onTheWall(slot), ORDERS_PER_DAY * grown);
    // As a queue would: the whole part for certain, the rest by chance, and a third more or less.
    const count = Math.floor(expected * (0.66 + 0.68 * random.next()) + random.next());
    for (let order = 0; order < count; order += 1) {
      const placedAt = new Date(Math.min(slot + random.whole(SLOT_MS), end)).toISOString();
      yield JSON.stringify({ placedAt, ...fillBasket(random, nextCustomer(), shelf) });
    }
  }
}
