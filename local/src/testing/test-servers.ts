import { join } from 'node:path';
import { dockerEngineAnswers } from '../servers/docker-engine.js';
import { freePorts } from '../servers/free-port.js';
import { untilPostgresAnswers } from '../servers/postgres-ready.js';
import { startPostgresServer } from '../servers/postgres-server.js';
import { installRabbitmqIfMissing } from '../servers/rabbitmq-install.js';
import { untilRabbitmqAnswers } from '../servers/rabbitmq-ready.js';
import { startRabbitmqServer } from '../servers/rabbitmq-server.js';
import { type TemporaryRun, temporaryRun } from './temporary-dir.js';
import { TEST_POSTGRES_SETTINGS } from './temporary-servers.js';
import { buildTemplates } from './test-databases.js';

export interface TestUrls {
  readonly postgresUrl: string;
  readonly brokerUrl: string;
  readonly managementUrl: string;
}

export interface TestServers extends TestUrls {
  stop(): Promise<void>;
}

type Kind = 'native' | 'containers';

async function chooseKind(): Promise<Kind> {
  const forced = process.env.TEST_SERVERS;
  if (forced === 'native' || forced === 'containers') return forced;
  if (forced !== undefined && forced !== '')
    throw new Error(`TEST_SERVERS must be native or containers, but it is ${forced}`);
  return (await dockerEngineAnswers()) ? 'containers' : 'native';
}

/** Starts one Postgres and one broker for the whole run. Each test file uses its own databases and vhost in them. */
export async function startTestServers(): Promise<TestServers> {
  const kind = await chooseKind();
  const run = await temporaryRun();
  try {
    const urls = kind === 'native' ? await startNative(run) : await startInContainers(run);
    await Promise.all([
      untilPostgresAnswers(urls.postgresUrl),
      untilRabbitmqAnswers(urls.brokerUrl, urls.managementUrl),
    ]);
    await buildTemplates(urls.postgresUrl);
    process.env.TEST_SERVERS = kind;
    process.env.TEST_RUN_DIR = run.runDir;
    process.env.TEST_POSTGRES_URL = urls.postgresUrl;
    process.env.TEST_BROKER_URL = urls.brokerUrl;
    process.env.TEST_MANAGEMENT_URL = urls.managementUrl;
    return { ...urls, stop: run.stop };
  } catch (error) {
    await run.stop();
    throw error;
  }
}

/** Loads testcontainers only when it is needed. */
async function startInContainers({ runDir }: TemporaryRun): Promise<TestUrls> {
  const { startContainers } = await import('./test-containers.js');
  return startContainers(runDir);
}

/** Starts the servers of `npm start` on free ports and in a temporary folder. */
async function startNative({ dir, runDir }: TemporaryRun): Promise<TestUrls> {
  await installRabbitmqIfMissing((line) => process.stdout.write(`${line}\n`));
  const [postgresPort = 0, port = 0, managementPort = 0] = await freePorts(3);
  const place = (name: string) => ({ name, logFile: join(dir, `${name}.log`), runDir });
  const [postgres, { brokerUrl, managementUrl }] = await Promise.all([
    startPostgresServer({
      ...place('postgres'),
      dataDir: join(dir, 'postgres'),
      port: postgresPort,
      settings: TEST_POSTGRES_SETTINGS,
    }),
    startRabbitmqServer({ ...place('rabbitmq'), dir: join(dir, 'rabbitmq'), port, managementPort }),
  ]);
  return { postgresUrl: postgres.url('postgres'), brokerUrl, managementUrl };
}
