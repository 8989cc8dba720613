import { startContainer } from '../servers/container.js';
import { RABBITMQ_IMAGE } from '../servers/rabbitmq-container.js';
import { recordRun, STOP_STAGES } from '../servers/run-records.js';
import { TEST_POSTGRES_SETTINGS } from './temporary-servers.js';
import type { TestUrls } from './test-servers.js';

const POSTGRES_IMAGE = 'postgres:17';

export async function startContainers(runDir: string): Promise<TestUrls> {
  const settings = Object.entries(TEST_POSTGRES_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const record = (name: string, stage: number) => (containerId: string) =>
    recordRun(runDir, { name, stage, containerId, stopTimeoutMs: 0 });
  const [postgres, rabbitmq] = await Promise.all([
    startContainer({
      image: POSTGRES_IMAGE,
      ports: { 5432: 0 },
      environment: { POSTGRES_PASSWORD: 'postgres' },
      command: ['postgres', ...settings],
      created: record('postgres', STOP_STAGES.database),
    }),
    startContainer({
      image: RABBITMQ_IMAGE,
      ports: { 5672: 0, 15672: 0 },
      created: record('rabbitmq', STOP_STAGES.broker),
    }),
  ]);
  return {
    postgresUrl: `postgres://postgres:postgres@${postgres.host}:${postgres.hostPort(5432)}/postgres`,
    brokerUrl: `amqp://guest:guest@${rabbitmq.host}:${rabbitmq.hostPort(5672)}`,
    managementUrl: `http://guest:guest@${rabbitmq.host}:${rabbitmq.hostPort(15672)}`,
  };
}
