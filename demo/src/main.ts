import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCustomers } from './customers.js';
import { importHistory } from './history.js';
import { showProgress } from './progress.js';
import { createRandom } from './random.js';
import { createShopApi, type ShopApi } from './shop-api.js';
import { stockShelves } from './stock-shelves.js';
import { openTills } from './till.js';
import { keepBusy } from './traffic.js';

const usage = `Fills the shop and keeps it busy, so that there is something to look at.

  npm run demo -- [--history DAYS] [--rate 2] [--minutes N] [--seed 1]

  --history DAYS   first, orders of the past days, with the rhythm of days and weeks (needs WRITE_DATABASE_URL)
  --rate N         orders and purchases per second, on average (2)
  --minutes N      stop after so long; until Ctrl-C when left out
  --seed N         another seed, other customers (1)
  --command URL, --query URL   where the services are (where npm start has put them)`;

const READY_TIMEOUT_MS = 60_000;

function readArguments() {
  try {
    return parseArgs({
      options: {
        history: { type: 'string', default: '0' },
        rate: { type: 'string', default: '2' },
        minutes: { type: 'string' },
        seed: { type: 'string', default: '1' },
        command: { type: 'string', default: `http://127.0.0.1:${process.env.COMMAND_SERVICE_PORT || 8080}` },
        query: { type: 'string', default: `http://127.0.0.1:${process.env.QUERY_SERVICE_PORT || 8081}` },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(fault: string): never {
  process.stderr.write(`${fault}\n\n${usage}\n`);
  process.exit(2);
}

/** 24 days: a timer of more than 2^31 ms ends at once. */
const MOST_MINUTES = 35_000;

function number(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  return refuse(`--${name} must be a number, ${least} or more${value > most ? `, and ${most} at most` : ''}`);
}

// The first that names a variable counts. While `npm start` runs, its file says where everything is.
for (const file of ['.data/run/addresses.env', '.env']) if (existsSync(file)) process.loadEnvFile(file);
const { values } = readArguments();
if (values.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
for (const name of ['command', 'query'] as const) if (!URL.canParse(values[name])) refuse(`--${name} must be a URL`);

const days = number('history', values.history, 0);
const rate = number('rate', values.rate, 0.01);
const minutes = values.minutes === undefined ? undefined : number('minutes', values.minutes, 0.01, MOST_MINUTES);
const seed = number('seed', values.seed, 0);

async function untilReady(api: ShopApi): Promise<void> {
  let isTold = false;
  for (const deadline = Date.now() + READY_TIMEOUT_MS; ; await delay(500)) {
    const ready = await Promise.all([api.isReady('command'), api.isReady('query')]);
    if (ready.every(Boolean)) return;
    if (!isTold) process.stdout.write(`Waiting for the shop at ${values.command} and ${values.query} …\n`);
    isTold = true;
    if (Date.now() > deadline)
      throw new Error(`no shop at ${values.command} and ${values.query}: is \`npm start\` running?`);
  }
}

/** As far back as can be asked for: a past whose import was interrupted has its oldest days alone. */
const LONGEST_PAST_DAYS = 92;

/** A second past would double the first. */
async function hasPast(api: ShopApi): Promise<boolean> {
  const { body } = await api.query(`/api/analytics/sales/daily?days=${LONGEST_PAST_DAYS}`);
  return (body as { days: { orders: number }[] }).days.slice(0, -1).some(({ orders }) => orders > 0);
}

try {
  const api = createShopApi(values.command, values.query);
  await untilReady(api);
  const random = createRandom(seed);
  const shelf = await stockShelves(api);
  const customers = createCustomers(random, shelf);
  const till = await openTills(api, random, shelf);
  process.stdout.write(`The page: ${values.query}/\n`);
  if (days > 0 && (await hasPast(api))) process.stdout.write('The shop has a past already; nothing is imported.\n');
  else if (days > 0) {
    const line = showProgress();
    const { timeZone } = (await api.query('/api/analytics/sales/today')).body as { timeZone: string };
    await importHistory(random, customers, shelf, { days, timeZone }, (text) =>
      line.show(`${days} days of history: ${text}`),
    );
    line.end();
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  if (minutes !== undefined) setTimeout(() => stop.abort(), minutes * 60_000).unref();
  const tally = { orders: 0, purchases: 0, refusals: 0, unanswered: 0 };
  const line = showProgress();
  const report = line.every(1_000, api, tally);
  await keepBusy({ api, random, customers, shelf, till, ratePerSecond: rate, tally, signal: stop.signal });
  clearInterval(report);
  line.end();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
