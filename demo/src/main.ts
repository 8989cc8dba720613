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

const usage = `Adds products to the shop and keeps sending orders and purchases, so that the page has something to show.

  npm run demo -- [--history DAYS] [--rate 2] [--minutes N] [--seed 1]

  --history DAYS   first import orders of the past days, with the rhythm of days and weeks (needs WRITE_DATABASE_URL)
  --rate N         orders and purchases per second, on average (2)
  --minutes N      stop after this time; without it, run until Ctrl-C
  --seed N         the seed of the random numbers: another one gives other customers (1)
  --command URL    the address of command-service (that of npm start)
  --query URL      the address of query-service (that of npm start)`;

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

/** The limit is about 24 days, because a timer of more than 2^31 ms would end at once. */
const MAX_MINUTES = 35_000;

function number(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  return refuse(`--${name} must be a number, ${least} or more${value > most ? `, and ${most} at most` : ''}`);
}

// The first file overrides the second one. While `npm start` runs, it has the addresses of all services.
for (const file of ['.data/run/addresses.env', '.env']) if (existsSync(file)) process.loadEnvFile(file);
const { values } = readArguments();
if (values.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
for (const name of ['command', 'query'] as const) if (!URL.canParse(values[name])) refuse(`--${name} must be a URL`);

const days = number('history', values.history, 0);
const rate = number('rate', values.rate, 0.01);
const minutes = values.minutes === undefined ? undefined : number('minutes', values.minutes, 0.01, MAX_MINUTES);
const seed = number('seed', values.seed, 0);

async function untilReady(api: ShopApi): Promise<void> {
  let isReported = false;
  for (const deadline = Date.now() + READY_TIMEOUT_MS; ; await delay(500)) {
    const ready = await Promise.all([api.isReady('command'), api.isReady('query')]);
    if (ready.every(Boolean)) return;
    if (!isReported) process.stdout.write(`Waiting for the services at ${values.command} and ${values.query} …\n`);
    isReported = true;
    if (Date.now() > deadline)
      throw new Error(`The services at ${values.command} and ${values.query} are not ready. Is \`npm start\` running?`);
  }
}

/** The longest period that the API accepts. All of it counts, because an interrupted import has only its oldest days. */
const MAX_HISTORY_DAYS = 92;

/** Returns whether the shop has orders before today. A second import would double the past orders. */
async function hasHistory(api: ShopApi): Promise<boolean> {
  const { body } = await api.query(`/api/analytics/sales/daily?days=${MAX_HISTORY_DAYS}`);
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
  if (days > 0 && (await hasHistory(api)))
    process.stdout.write('The shop has orders of past days already. No history is imported.\n');
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
