import type { ServiceName } from '@tallyline/local/start/service-names';
import { type ServiceProcess, startServiceProcess } from '@tallyline/local/testing/service-process';
import { amqpProtocol } from '../proxy/amqp-frames.js';
import { postgresProtocol } from '../proxy/postgres-frames.js';
import { startProxy, type TcpProxy } from '../proxy/tcp-proxy.js';
import { type Release, thisRelease } from './release.js';

/** A service process with its own proxies to its servers, so that a fault can strike one copy and spare another. */
export interface LinkedService {
  readonly name: ServiceName;
  /** The build and the settings with which the same copy is started again. */
  readonly build: Pick<LinkedServiceOptions, 'release' | 'env'>;
  readonly process: ServiceProcess;
  readonly database: TcpProxy;
  readonly broker: TcpProxy;
}

export interface ServerUrls {
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly brokerUrl: string;
}

export interface LinkedServiceOptions {
  readonly isRenamed?: boolean;
  /** The release whose build is started; this checkout if absent. */
  readonly release?: Release;
  /** Settings beside the addresses of the servers. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startLinkedService(
  name: ServiceName,
  { writeUrl, readUrl, brokerUrl }: ServerUrls,
  { isRenamed = false, release = thisRelease, env = {} }: LinkedServiceOptions = {},
): Promise<LinkedService> {
  const [database, broker] = await Promise.all([
    startProxy(name === 'command-service' ? writeUrl : readUrl, postgresProtocol, isRenamed ? renamed : undefined),
    startProxy(brokerUrl, amqpProtocol),
  ]);
  const urls = { WRITE_DATABASE_URL: database.url, READ_DATABASE_URL: database.url, BROKER_URL: broker.url };
  const process = await startServiceProcess(name, { ...urls, ...env }, release.dir);
  return { name, build: { release, env }, process, database, broker };
}

/** Gives the connection another application_name, as PgBouncer does with application_name_add_host. */
function renamed(startup: Buffer): Buffer {
  const at = startup.indexOf('application_name\0');
  if (at < 0) return startup;
  const changed = Buffer.from(startup);
  changed.write('x', at + 'application_name\0'.length);
  return changed;
}

export async function closeLinks({ database, broker }: LinkedService): Promise<void> {
  await Promise.all([database.close(), broker.close()]);
}
