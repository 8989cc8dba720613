import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { createDatabase, databaseUrl, withClient } from '@tallyline/local/servers/schema';
import { createVhost } from '@tallyline/local/servers/vhost';
import type pg from 'pg';
import type { Servers } from './servers.js';
import { startService } from './service.js';

/** Two empty databases and a vhost for one measurement, so that none inherits what another left. */
export interface Stage {
  readonly servers: Servers;
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly brokerUrl: string;
  onWrite<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  onRead<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Throws away the order events that wait in the broker. */
  purgeOrderEvents(): Promise<void>;
  drop(): Promise<void>;
}

let made = 0;

export async function createStage(servers: Servers): Promise<Stage> {
  made += 1;
  const name = `bench_${made}`;
  const writeUrl = databaseUrl(servers.writeServerUrl, name);
  const readUrl = databaseUrl(servers.readServerUrl, name);
  await createDatabase(writeUrl, 'init-write.sql');
  await createDatabase(readUrl, 'init-read.sql');
  const vhost = await createVhost(servers, name);
  return {
    servers,
    writeUrl,
    readUrl,
    brokerUrl: vhost.brokerUrl,
    onWrite: (work) => withClient(writeUrl, work),
    onRead: (work) => withClient(readUrl, work),
    purgeOrderEvents: async () => {
      await callManagement(servers.managementUrl, 'DELETE', `/api/queues/${name}/order-events/contents`);
    },
    drop: async () => {
      await vhost.drop();
      for (const url of [servers.writeServerUrl, servers.readServerUrl]) {
        await withClient(url, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      }
    },
  };
}

/** Lets a service declare exchange and queues: what they are is its business, not the bench's. */
export async function declareTopology(stage: Stage): Promise<void> {
  const consumer = await startService('consumer-service', stage);
  await consumer.stop();
}
