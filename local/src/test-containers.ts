import { startContainer } from './container.js';
import type { TestServers } from './test-servers.js';

export const POSTGRES_IMAGE = 'postgres:17';
export const RABBITMQ_IMAGE = 'rabbitmq:4-management';

/** Two jest workers, each with a handful of pools: the default of 100 connections is soon used up. */
export const TEST_POSTGRES_SETTINGS = { max_connections: '300', fsync: 'off', full_page_writes: 'off' } as const;

export async function startServers(): Promise<TestServers> {
  const settings = Object.entries(TEST_POSTGRES_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [postgres, rabbitmq] = await Promise.all([
    startContainer({
      image: POSTGRES_IMAGE,
      ports: { 5432: 0 },
      environment: { POSTGRES_PASSWORD: 'postgres' },
      command: ['postgres', ...settings],
    }),
    startContainer({ image: RABBITMQ_IMAGE, ports: { 5672: 0, 15672: 0 } }),
  ]);
  return {
    postgresUrl: `postgres://postgres:postgres@${postgres.host}:${postgres.hostPort(5432)}/postgres`,
    brokerUrl: `amqp://guest:guest@${rabbitmq.host}:${rabbitmq.hostPort(5672)}`,
    managementUrl: `http://guest:guest@${rabbitmq.host}:${rabbitmq.hostPort(15672)}`,
    async stop() {
      await Promise.all([postgres.stop(), rabbitmq.stop()]);
    },
  };
}
