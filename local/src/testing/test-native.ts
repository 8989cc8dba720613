import { join } from 'node:path';
import { freePorts } from '../servers/free-port.js';
import { startPostgresServer } from '../servers/postgres-server.js';
import { canInstallRabbitmq, installRabbitmq } from '../servers/rabbitmq-install.js';
import { findRabbitmqServer, startRabbitmqServer } from '../servers/rabbitmq-server.js';
import { TEST_POSTGRES_SETTINGS } from './test-postgres-settings.js';
import type { TestUrls } from './test-servers.js';

/** The servers of `npm start`, on free ports and in a folder that goes with them. */
export async function startServers(dir: string, runDir: string): Promise<TestUrls> {
  if (findRabbitmqServer() === undefined && (await canInstallRabbitmq())) {
    await installRabbitmq((line) => process.stdout.write(`${line}\n`));
  }
  const [postgresPort = 0, port = 0, managementPort = 0] = await freePorts(3);
  const [postgres, rabbitmq] = await Promise.all([
    startPostgresServer({
      name: 'postgres',
      dataDir: join(dir, 'postgres'),
      port: postgresPort,
      logFile: join(dir, 'postgres.log'),
      runDir,
      settings: TEST_POSTGRES_SETTINGS,
    }),
    startRabbitmqServer({
      name: 'rabbitmq',
      dir: join(dir, 'rabbitmq'),
      port,
      managementPort,
      logFile: join(dir, 'rabbitmq.log'),
      runDir,
    }),
  ]);
  const { brokerUrl, managementUrl } = rabbitmq;
  return { postgresUrl: postgres.url('postgres'), brokerUrl, managementUrl };
}
