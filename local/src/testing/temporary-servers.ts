import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { freePorts } from '../servers/free-port.js';
import { type PostgresServer, startPostgresServer } from '../servers/postgres-server.js';
import { type BrokerServer, startRabbitmqServer } from '../servers/rabbitmq-server.js';
import { fromGlobalSetup } from './test-databases.js';

/** The jest workers need more than the default of 100 connections. No test needs data that survives a power cut. */
export const TEST_POSTGRES_SETTINGS = {
  max_connections: '300',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
} as const;

/** Name and folder of a server for a test that breaks it. The shared servers must keep running for other test files. */
function place(kind: string) {
  const runDir = fromGlobalSetup('TEST_RUN_DIR');
  const name = `${kind}-${randomBytes(4).toString('hex')}`;
  const dir = join(dirname(runDir), name);
  return { name, dir, runDir, logFile: `${dir}.log` };
}

/** Starts a native server even if the shared one is a container, because its programs come with npm. */
export async function startTemporaryPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1);
  const { name, dir, runDir, logFile } = place('postgres');
  const merged = { ...TEST_POSTGRES_SETTINGS, ...settings };
  return startPostgresServer({ name, dataDir: dir, port, logFile, runDir, settings: merged });
}

export async function startTemporaryBroker(): Promise<BrokerServer> {
  const [port = 0, managementPort = 0] = await freePorts(2);
  const { name, dir, runDir, logFile } = place('rabbitmq');
  if (process.env.TEST_SERVERS === 'native') {
    return startRabbitmqServer({ name, dir, port, managementPort, logFile, runDir });
  }
  const { startRabbitmqContainer } = await import('../servers/rabbitmq-container.js');
  return startRabbitmqContainer({ name, port, managementPort, runDir });
}
