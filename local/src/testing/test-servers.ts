import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerEngineAnswers } from '../servers/docker-engine.js';
import { untilPostgresAnswers } from '../servers/postgres-ready.js';
import { untilRabbitmqAnswers } from '../servers/rabbitmq-ready.js';
import { startGuard } from '../start/guard.js';
import { stopLeftovers } from '../start/run-records.js';
import { temporaryDir } from './temporary-dir.js';
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
  if (forced !== undefined && forced !== '') throw new Error(`TEST_SERVERS is native or containers, not ${forced}`);
  return (await dockerEngineAnswers()) ? 'containers' : 'native';
}

/** One Postgres and one broker for the whole run; each test file takes databases and a vhost of its own in them. */
export async function startTestServers(): Promise<TestServers> {
  const kind = await chooseKind();
  const { startServers } =
    kind === 'containers' ? await import('./test-containers.js') : await import('./test-native.js');
  const dir = await temporaryDir();
  const runDir = join(dir, 'run');
  startGuard(runDir, dir);
  const stop = async () => {
    await stopLeftovers(runDir);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const urls: TestUrls = await startServers(dir, runDir);
    await Promise.all([
      untilPostgresAnswers(urls.postgresUrl),
      untilRabbitmqAnswers(urls.brokerUrl, urls.managementUrl),
    ]);
    await buildTemplates(urls.postgresUrl);
    process.env.TEST_SERVERS = kind;
    process.env.TEST_RUN_DIR = runDir;
    process.env.TEST_POSTGRES_URL = urls.postgresUrl;
    process.env.TEST_BROKER_URL = urls.brokerUrl;
    process.env.TEST_MANAGEMENT_URL = urls.managementUrl;
    return { ...urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
