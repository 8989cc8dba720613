import { join } from 'node:path';
import type { Side } from '@tallyline/chassis/migrations/prepare-database';
import { startBroker } from '../servers/broker.js';
import { postgresAnswers } from '../servers/postgres-ready.js';
import { startPostgresServer } from '../servers/postgres-server.js';
import { brokerAnswers } from '../servers/rabbitmq-ready.js';
import { databaseUrl, prepareDatabase } from '../servers/schema.js';
import { chooseOffset, movePorts, refuseTakenPorts, type WantedPort, writeAddresses } from './addresses.js';
import { dataDir, logDir, postgresDataDir, runDir } from './data-dir.js';
import { isGiven } from './given-server.js';
import type { Restartable } from './keep-running.js';
import { SERVICES } from './service-names.js';
import { startService, untilServicesReady } from './services.js';
import { required, requiredPort, type Settings } from './settings.js';

const DATABASES = [
  { name: 'postgres-write', variable: 'WRITE_DATABASE_URL', side: 'write' },
  { name: 'postgres-read', variable: 'READ_DATABASE_URL', side: 'read' },
] as const satisfies readonly { name: string; variable: string; side: Side }[];

export interface Suite {
  /** The servers and services that we started and restart if they end. */
  readonly ours: readonly Restartable[];
  /** The settings with the addresses that are in use. */
  readonly settings: Settings;
  /** The variables whose URLs lead to servers that the user provides. */
  readonly given: ReadonlySet<string>;
}

/** Runs one step of the start. An interrupted start ends before its next step. */
type Step = <T>(work: () => Promise<T>) => Promise<T>;

export async function startSuite(asked: Settings, say: (line: string) => void, signal: AbortSignal): Promise<Suite> {
  const step: Step = (work) => {
    signal.throwIfAborted();
    return work();
  };
  const given = new Set<string>();
  for (const { variable } of DATABASES) {
    if (await step(() => isGiven(asked, variable, serverAnswers))) given.add(variable);
  }
  if (await step(() => isGiven(asked, 'BROKER_URL', brokerAnswers))) given.add('BROKER_URL');
  const { offset, taken } = await step(() => chooseOffset(asked, given));
  if (taken.length > 0)
    say(`Port ${taken.join(' and ')} is in use, so all ports are ${offset} higher. PORT_OFFSET sets another offset.`);
  const settings = movePorts(asked, given, offset);
  const url = (variable: string) => required(settings.variables, variable);
  await step(() => refuseTakenPorts(wantedPorts(settings, given)));
  writeAddresses(settings.variables);

  const prepare = async (variable: string, side: Side): Promise<void> => {
    await prepareDatabase(url(variable), side, { say: (line) => say(`${side} database: ${line}`) });
  };
  const databases = DATABASES.map(async ({ name, variable, side }): Promise<Restartable[]> => {
    if (given.has(variable)) {
      await step(() => prepare(variable, side));
      return [];
    }
    const port = Number(new URL(url(variable)).port);
    say(`Starting PostgreSQL on port ${port} (${side} database) …`);
    const place = await step(() => postgresDataDir(name));
    const server = await step(() =>
      startPostgresServer({ name, dataDir: place, port, logFile: join(logDir, `${name}.log`), runDir }),
    );
    await step(() => prepare(variable, side));
    return [named(`PostgreSQL on port ${port}`, server)];
  });
  const broker = async (): Promise<Restartable[]> => {
    if (given.has('BROKER_URL')) return [];
    const port = Number(new URL(url('BROKER_URL')).port);
    const managementPort = requiredPort(settings.variables, 'RABBITMQ_MANAGEMENT_PORT');
    const options = { dataDir, port, managementPort, logFile: join(logDir, 'rabbitmq.log'), runDir, say };
    return [named('RabbitMQ', await step(() => startBroker(options)))];
  };
  const servers = (await Promise.all([...databases, broker()])).flat();

  say('Starting the services …');
  const services = await Promise.all(
    SERVICES.map(({ name }) => step(() => startService(name, settings.variables, runDir))),
  );
  await step(() => untilServicesReady(services, settings.variables));
  return { ours: [...servers, ...services], settings, given };
}

/** `ended` must stay a getter, because it is another promise after each restart. */
function named(name: string, server: Omit<Restartable, 'name'>): Restartable {
  return {
    name,
    get ended() {
      return server.ended;
    },
    restart: () => server.restart(),
  };
}

/** Checks that the server accepts the password, even if the database does not exist yet. */
function serverAnswers(url: string): Promise<void> {
  return postgresAnswers(url).catch((error: { code?: string }) => {
    if (error.code === '3D000') return postgresAnswers(databaseUrl(url, 'postgres'));
    throw error;
  });
}

function wantedPorts(settings: Settings, given: ReadonlySet<string>): WantedPort[] {
  const { variables } = settings;
  const services = SERVICES.map(({ name, portVariable }) => ({
    port: requiredPort(variables, portVariable),
    host: required(variables, 'BIND_ADDR'),
    usedBy: name,
    remedy: `set ${portVariable} to another port`,
  }));
  const databases = DATABASES.filter(({ variable }) => !given.has(variable)).map(({ variable }) => ({
    port: Number(new URL(required(variables, variable)).port),
    host: '127.0.0.1',
    usedBy: 'PostgreSQL',
    remedy: `set ${variable} to a database of yours`,
  }));
  const remedy = 'set BROKER_URL to a RabbitMQ of yours';
  const brokerPorts = [
    Number(new URL(required(variables, 'BROKER_URL')).port),
    requiredPort(variables, 'RABBITMQ_MANAGEMENT_PORT'),
  ];
  const broker = brokerPorts.map((port) => ({ port, host: '127.0.0.1', usedBy: 'RabbitMQ', remedy }));
  return [...services, ...databases, ...(given.has('BROKER_URL') ? [] : broker)];
}
