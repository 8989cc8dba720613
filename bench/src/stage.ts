import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { databaseUrl, prepareDatabase, withClient } from '@tallyline/local/servers/schema';
import { createVhost } from '@tallyline/local/servers/vhost';
import type pg from 'pg';
import type { Servers } from './servers.js';
import { startService } from './service.js';

/** Two empty databases and a vhost for one measurement, so that measurements do not influence each other. */
export interface Stage {
  readonly servers: Servers;
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly brokerUrl: string;
  onWrite<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  onRead<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Deletes the order events that wait in the broker. */
  purgeOrderEvents(): Promise<void>;
  drop(): Promise<void>;
}

let created = 0;

export async function createStage(servers: Servers): Promise<Stage> {
  created += 1;
  const name = `bench_${created}`;
  const writeUrl = databaseUrl(servers.writeServerUrl, name);
  const readUrl = databaseUrl(servers.readServerUrl, name);
  await prepareDatabase(writeUrl, 'write');
  await prepareDatabase(readUrl, 'read');
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

/** Starts a service for a moment, so that it declares the exchanges and queues. */
export async function declareTopology(stage: Stage): Promise<void> {
  const consumer = await startService('consumer-service', stage);
  await consumer.stop();
}
