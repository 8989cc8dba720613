import { createVhost } from '@tallyline/local/servers/vhost';
import type { ServiceName } from '@tallyline/local/start/service-names';
import type { TcpProxy } from '../proxy/tcp-proxy.js';
import type { Random } from '../random.js';
import { createFreshDatabases, type FreshDatabases } from './fresh-databases.js';
import { closeLinks, type LinkedService, type LinkedServiceOptions, startLinkedService } from './linked-service.js';
import { type Release, thisRelease } from './release.js';
import type { Servers } from './servers.js';

export interface WorldOptions {
  /** The release that the services and the schema are of at first; this checkout if absent. */
  readonly release?: Release;
  readonly commandServices?: number;
  readonly consumers?: number;
  /** The proxies change the application_name of the services' database connections. */
  readonly renamed?: true;
  /** The AMQP heartbeat. With a short one, a line can be frozen for more than three heartbeats within a few seconds. */
  readonly heartbeatSeconds?: number;
}

/** Services on real servers, each connected by proxies that a fault can break. */
export interface World extends Pick<FreshDatabases, 'write' | 'read' | 'writeUrl' | 'readUrl'> {
  readonly servers: Servers;
  readonly random: Random;
  readonly brokerUrl: string;
  readonly managementUrl: string;
  readonly vhost: string;
  /** Ids of bad messages: they cannot be applied and must become dead letters. */
  readonly badMessageIds: Set<string>;
  /** Every service that was started here, also those that have ended. */
  readonly everyone: readonly LinkedService[];
  /** Running services in the order of their start, without hidden ones. */
  services(name?: ServiceName): readonly LinkedService[];
  one(name: ServiceName): LinkedService;
  lines(): readonly TcpProxy[];
  /** Clients send nothing to a hidden service, as a load balancer would do with a frozen one. */
  hide(service: LinkedService): void;
  show(service: LinkedService): void;
  start(name: ServiceName, options?: Pick<LinkedServiceOptions, 'release' | 'env'>): Promise<LinkedService>;
  /** Sends SIGKILL. */
  kill(service: LinkedService): Promise<void>;
  /** Sends SIGTERM. Throws when the service does not end with 0. */
  stop(service: LinkedService): Promise<void>;
  end(): Promise<void>;
}

export async function startWorld(servers: Servers, random: Random, options: WorldOptions = {}): Promise<World> {
  const release = options.release ?? thisRelease;
  const [databases, vhost] = await Promise.all([createFreshDatabases(servers, release), createVhost(servers.broker)]);
  const brokerUrl = new URL(vhost.brokerUrl);
  if (options.heartbeatSeconds) brokerUrl.searchParams.set('heartbeat', String(options.heartbeatSeconds));
  const urls = { ...databases, brokerUrl: brokerUrl.href };
  const running: LinkedService[] = [];
  const everyone: LinkedService[] = [];
  const hidden = new Set<LinkedService>();

  const start = async (name: ServiceName, more: Pick<LinkedServiceOptions, 'release' | 'env'> = {}) => {
    const service = await startLinkedService(name, urls, { isRenamed: options.renamed === true, release, ...more });
    running.push(service);
    everyone.push(service);
    return service;
  };
  const gone = async (service: LinkedService) => {
    const index = running.indexOf(service);
    if (index >= 0) running.splice(index, 1);
    await closeLinks(service);
  };
  const kill = async (service: LinkedService) => {
    await service.process.kill();
    await gone(service);
  };
  const services = (name?: ServiceName) =>
    running.filter((service) => !hidden.has(service) && (name === undefined || service.name === name));

  const times = (count: number, name: ServiceName) => Array.from({ length: count }, () => start(name));
  await Promise.all([
    ...times(options.commandServices ?? 1, 'command-service'),
    ...times(options.consumers ?? 1, 'consumer-service'),
    start('query-service'),
  ]);
  return {
    servers,
    random,
    write: databases.write,
    read: databases.read,
    writeUrl: databases.writeUrl,
    readUrl: databases.readUrl,
    brokerUrl: vhost.brokerUrl,
    managementUrl: vhost.managementUrl,
    vhost: vhost.vhost,
    badMessageIds: new Set(),
    everyone,
    services,
    one: (name) => {
      const [service] = services(name);
      if (service === undefined) throw new Error(`no ${name} is running`);
      return service;
    },
    lines: () => running.flatMap(({ database, broker }) => [database, broker]),
    hide: (service) => void hidden.add(service),
    show: (service) => void hidden.delete(service),
    start,
    kill,
    stop: async (service) => {
      const how = await service.process.stop();
      await gone(service);
      if (how !== 0) throw new Error(`${service.name} ended with ${how} at SIGTERM:\n${lastWords(service)}`);
    },
    end: async () => {
      await Promise.all([...running].map(kill));
      await Promise.all([databases.drop(), vhost.drop()]);
    },
  };
}

function lastWords({ process }: LinkedService): string {
  return process.log
    .slice(-5)
    .map((line) => JSON.stringify(line).slice(0, 500))
    .join('\n');
}
