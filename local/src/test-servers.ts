import { dockerEngineAnswers } from './docker-engine.js';
import { untilPostgresAnswers } from './postgres-ready.js';
import { untilRabbitmqAnswers } from './rabbitmq-ready.js';
import { buildTemplates } from './test-databases.js';

export interface TestServers {
  readonly postgresUrl: string;
  readonly brokerUrl: string;
  readonly managementUrl: string;
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
  const servers: TestServers = await startServers();
  try {
    await Promise.all([
      untilPostgresAnswers(servers.postgresUrl),
      untilRabbitmqAnswers(servers.brokerUrl, servers.managementUrl),
    ]);
    await buildTemplates(servers.postgresUrl);
  } catch (error) {
    await servers.stop();
    throw error;
  }
  process.env.TEST_POSTGRES_URL = servers.postgresUrl;
  process.env.TEST_BROKER_URL = servers.brokerUrl;
  process.env.TEST_MANAGEMENT_URL = servers.managementUrl;
  return servers;
}
