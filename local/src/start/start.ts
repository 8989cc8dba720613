import { parseConfig } from '@tallyline/chassis/process/config';
import { redactUrls } from '@tallyline/chassis/process/safe-text';
import { environment } from '@tallyline/contracts/environment';
import { startGuard } from '../servers/guard.js';
import { stopLeftovers } from '../servers/run-records.js';
import { refuseArguments } from './arguments.js';
import { runDir } from './data-dir.js';
import { claimInstance, releaseInstance } from './instance-lock.js';
import { keepRunning } from './keep-running.js';
import { reachableHost } from './services.js';
import { readSettings, required, type Settings } from './settings.js';
import { type Suite, startSuite } from './suite.js';

const startedAt = Date.now();
const stopping = new AbortController();

/** Limit of the wait for a start step that still runs at a stop. It fails soon, because its server is gone. */
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
    ? `your broker ${redactUrls(required(variables, 'BROKER_URL'))}`
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

/** Stops everything that the run records name. The same code cleans up after a start that was killed. */
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
  // npm passes signals on, but if npm itself is killed with SIGKILL, this process gets no signal.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => process.ppid !== parent && onSignal('npm ended'), PARENT_LOOK_INTERVAL_MS).unref();
}

// A closed output must not end this process, because its servers would then run unattended.
process.stdout.on('error', () => undefined);

const usage = `npm start: starts the databases, the broker and the three services, and keeps them running until Ctrl-C.
It reads settings from the environment and .env. .env.example lists them with their defaults.`;

async function main(): Promise<void> {
  refuseArguments(usage);
  const settings = withTerminalFormat(readSettings());
  // All settings are checked before anything is started. A service would report only the faults of its own settings.
  parseConfig(environment, settings.variables);
  for (const name of settings.unknown)
    say(`Note: .env sets ${name}, which is not a setting of npm start. .env.example lists all settings.`);
  claimInstance(runDir, (pid) => `The suite of this clone is already running (process ${pid}). Stop it first.`);
  const start = (async () => {
    const leftovers = await stopLeftovers(runDir);
    if (leftovers.length > 0) say(`Stopped processes of an earlier start: ${leftovers.join(', ')}.`);
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
