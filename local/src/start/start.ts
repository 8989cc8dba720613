import { parseConfig } from '@tallyline/chassis/process/config';
import { redactUrls } from '@tallyline/chassis/process/safe-text';
import { environment } from '@tallyline/contracts/environment';
import { refuseArguments } from './arguments.js';
import { runDir } from './data-dir.js';
import { startGuard } from './guard.js';
import { claimInstance, releaseInstance } from './instance-lock.js';
import { keepRunning } from './keep-running.js';
import { stopLeftovers } from './run-records.js';
import { reachableHost } from './services.js';
import { readSettings, required, type Settings } from './settings.js';
import { type Suite, startSuite } from './suite.js';

const startedAt = Date.now();
const stopping = new AbortController();

/** A step that is on its way when the stop comes notices that its server is gone, and ends; this is how long we wait for it. */
const LAST_STEP_TIMEOUT_MS = 3_000;
const PARENT_LOOK_INTERVAL_MS = 500;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function withTerminalFormat(settings: Settings): Settings {
  if (settings.isSet('LOG_FORMAT') || !process.stdout.isTTY) return settings;
  return { ...settings, variables: { ...settings.variables, LOG_FORMAT: 'pretty' } };
}

function describe({ settings: { variables }, given }: Suite): string {
  const database = (variable: string) => {
    const url = required(variables, variable);
    return given.has(variable) ? redactUrls(url) : url;
  };
  const address = (variable: string) => `http://${reachableHost(variables)}:${required(variables, variable)}`;
  const managementPort = required(variables, 'RABBITMQ_MANAGEMENT_PORT');
  const management = given.has('BROKER_URL')
    ? `the one of ${redactUrls(required(variables, 'BROKER_URL'))}`
    : `http://127.0.0.1:${managementPort}  guest / guest  (${database('BROKER_URL')})`;
  return `
Ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.

  Commands    ${address('COMMAND_SERVICE_PORT')}  POST /api/products, /api/orders, /api/purchases
  Queries     ${address('QUERY_SERVICE_PORT')}  GET /api/analytics/…, /api/products, /api/orders
  Consumer    ${address('CONSUMER_SERVICE_PORT')}  GET /health
  RabbitMQ    ${management}
  Write side  ${database('WRITE_DATABASE_URL')}
  Read side   ${database('READ_DATABASE_URL')}

Ctrl-C stops everything. Server logs: .data/logs. Drop the data: npm run reset.
`;
}

/** Stops by what the run records name, in their order: the same code cleans up after a start that was killed. */
async function stop(exitCode: number, start: Promise<unknown>): Promise<never> {
  stopping.abort();
  await stopLeftovers(runDir);
  await Promise.race([start.catch(() => undefined), new Promise((done) => setTimeout(done, LAST_STEP_TIMEOUT_MS))]);
  await stopLeftovers(runDir);
  releaseInstance(runDir);
  process.exit(exitCode);
}

function stopOnSignals(start: Promise<unknown>): void {
  let isStopping = false;
  const onSignal = (why: string) => {
    if (isStopping) return;
    isStopping = true;
    say(`\n${why}: stopping the services, the broker and the databases …`);
    void stop(0, start);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
  // npm passes signals on, but a SIGKILL of npm reaches nobody else.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => process.ppid !== parent && onSignal('npm ended'), PARENT_LOOK_INTERVAL_MS).unref();
}

// Nobody reads any more: no reason to leave the servers alone.
process.stdout.on('error', () => undefined);

const usage = `npm start: starts the databases, the broker and the three services, and keeps them running until Ctrl-C.
Settings are in the environment or .env; .env.example has each with its default.`;

async function main(): Promise<void> {
  refuseArguments(usage);
  const settings = withTerminalFormat(readSettings());
  // All faults at once, before anything is started; each service would only tell its own.
  parseConfig(environment, settings.variables);
  for (const name of settings.unknown)
    say(`Note: .env sets ${name}, which npm start does not read; .env.example says which names there are.`);
  claimInstance(runDir, (pid) => `The suite of this clone is already running (process ${pid}).`);
  const start = (async () => {
    const leftovers = await stopLeftovers(runDir);
    if (leftovers.length > 0) say(`Stopped what an earlier start left: ${leftovers.join(', ')}.`);
    startGuard(runDir);
    return startSuite(settings, say, stopping.signal);
  })();
  stopOnSignals(start);
  try {
    const suite = await start;
    say(describe(suite));
    for (const server of suite.ours) void keepRunning(server, say, stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return;
    process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
    await stop(1, Promise.resolve());
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
