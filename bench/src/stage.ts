import { callManagement } from '@tallyline/local/rabbitmq-ready';
import { applySchema, databaseUrl, withClient } from '@tallyline/local/schema';
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
  const writeUrl = await createDatabase(servers.writeServerUrl, name, 'init-write.sql');
  const readUrl = await createDatabase(servers.readServerUrl, name, 'init-read.sql');
  const brokerUrl = new URL(servers.brokerUrl);
  brokerUrl.pathname = `/${name}`;
  await createVhost(servers, name);
  return {
    servers,
    writeUrl,
    readUrl,
    brokerUrl: brokerUrl.href,
    onWrite: (work) => withClient(writeUrl, work),
    onRead: (work) => withClient(readUrl, work),
    purgeOrderEvents: async () => {
      await callManagement(servers.managementUrl, 'DELETE', `/api/queues/${name}/order-events/contents`);
    },
    drop: async () => {
      await callManagement(servers.managementUrl, 'DELETE', `/api/vhosts/${name}`);
      for (const url of [servers.writeServerUrl, servers.readServerUrl]) {
        await withClient(url, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      }
    },
  };
}

async function createDatabase(serverUrl: string, name: string, schema: 'init-write.sql' | 'init-read.sql') {
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = databaseUrl(serverUrl, name);
  await applySchema(url, schema);
  return url;
}

async function createVhost({ managementUrl }: Servers, name: string): Promise<void> {
  await callManagement(managementUrl, 'PUT', `/api/vhosts/${name}`, {});
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await callManagement(managementUrl, 'PUT', `/api/permissions/${name}/guest`, everything);
}

/** Lets a service declare exchange and queues: what they are is its business, not the bench's. */
export async function declareTopology(stage: Stage): Promise<void> {
  const consumer = await startService('consumer-service', stage);
  await consumer.stop();
}
