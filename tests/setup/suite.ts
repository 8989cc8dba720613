import { afterAll } from '@jest/globals';
import { recordRun, STOP_STAGES } from '@tallyline/local/servers/run-records';
import type { Vhost } from '@tallyline/local/servers/vhost';
import type { ServiceName } from '@tallyline/local/start/service-names';
import { eventually } from '@tallyline/local/testing/eventually';
import {
  listening,
  type ServiceProcess,
  type SpawnedService,
  spawnService,
} from '@tallyline/local/testing/service-process';
import {
  createTestDatabases,
  createTestVhost,
  fromGlobalSetup,
  openTestPool,
  type TestDatabases,
} from '@tallyline/local/testing/test-databases';
import { within } from '@tallyline/local/testing/within';
import type pg from 'pg';
import { assertDocumented } from './documented.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the shape of the body
  readonly body: any;
}

/** The whole suite as its users see it: three service processes, two databases and a virtual host of the broker. */
export interface Suite {
  readonly command: ServiceProcess;
  readonly consumer: ServiceProcess;
  readonly query: ServiceProcess;
  readonly managementUrl: string;
  readonly vhost: string;
  readonly brokerUrl: string;
  readonly writeDatabaseUrl: string;
  readonly readDatabaseUrl: string;
  readonly write: pg.Pool;
  readonly read: pg.Pool;
  /** Starts another copy of a service, or a killed one again. It stops with the suite. */
  start(name: ServiceName, env?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Resolves when every committed event is accounted for. It reads the tables and does not rely on sync-status. */
  inSync(timeoutMs?: number): Promise<void>;
}

/** A start takes seconds on an idle machine, and far longer on a busy one. */
const START_TIMEOUT_S = 60;

/**
 * Starts a suite for this test file and stops it after the file's last test. Hooks of `afterAll` that the file registers
 * later run after the stop. `env` overrides the services' settings, for example with a broker that the test may break.
 * `prepare` runs before the services start.
 */
export async function openSuite(
  env: Readonly<Record<string, string>> = {},
  prepare: (servers: TestDatabases & Vhost) => Promise<void> = async () => undefined,
): Promise<Suite> {
  const runDir = fromGlobalSetup('TEST_RUN_DIR');
  const [databases, vhost] = await Promise.all([createTestDatabases(), createTestVhost()]);
  await prepare({ ...databases, ...vhost });
  const processes: SpawnedService[] = [];
  const start = async (name: ServiceName, more: Readonly<Record<string, string>> = {}) => {
    const service = spawnService(name, {
      WRITE_DATABASE_URL: databases.writeDatabaseUrl,
      READ_DATABASE_URL: databases.readDatabaseUrl,
      BROKER_URL: vhost.brokerUrl,
      ...env,
      ...more,
    });
    processes.push(service);
    const { pid } = service;
    // A test file that crashes does not stop its services. The end of the run finds them by these records.
    recordRun(runDir, { name: `${name}-${pid}`, pid, stage: STOP_STAGES.service, stopTimeoutMs: 0 });
    return listening(service);
  };
  const startAll = async () => {
    const services = await Promise.all([start('command-service'), start('consumer-service'), start('query-service')]);
    await Promise.all(services.map(({ url }) => eventually(() => ready(url))));
    return services;
  };
  // A suite that did not start must not leave services behind.
  const [command, consumer, query] = await within(START_TIMEOUT_S, 'the suite starts', startAll()).catch(
    async (error: unknown) => {
      await Promise.all(processes.map((service) => service.kill()));
      throw error;
    },
  );
  const write = openTestPool(env.WRITE_DATABASE_URL ?? databases.writeDatabaseUrl);
  const read = openTestPool(env.READ_DATABASE_URL ?? databases.readDatabaseUrl);
  afterAll(async () => {
    await Promise.all(processes.map((service) => service.stop()));
    await Promise.all([write.end(), read.end()]);
    await Promise.all([databases.drop(), vhost.drop()]);
  });

  return {
    command,
    consumer,
    query,
    managementUrl: vhost.managementUrl,
    vhost: vhost.vhost,
    brokerUrl: env.BROKER_URL ?? vhost.brokerUrl,
    writeDatabaseUrl: databases.writeDatabaseUrl,
    readDatabaseUrl: databases.readDatabaseUrl,
    write,
    read,
    start,
    post: (path, body, headers) => post(command.url + path, body, headers),
    get: (path, headers = {}) => get(query.url + path, headers),
    inSync: (timeoutMs = 10_000) =>
      eventually(
        async () => {
          const unpublished = await write.query('SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1');
          if (unpublished.rowCount !== 0) throw new Error('the outbox has unpublished rows');
          const { rows } = await write.query('SELECT count(*) AS n FROM outbox');
          const { rows: accountedFor } = await read.query('SELECT COALESCE(sum(settled), 0) AS n FROM event_ledger');
          if (rows[0].n !== accountedFor[0].n)
            throw new Error(`${rows[0].n} committed, ${accountedFor[0].n} accounted for`);
        },
        { timeoutMs },
      ),
  };
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return documented(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text });
}

export function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return documented(url, { headers });
}

/** Sends the request and checks the answer against the OpenAPI documents. */
async function documented(url: string, init: RequestInit): Promise<Answer> {
  const answer = await call(url, init);
  assertDocumented(init.method ?? 'GET', url, answer);
  return answer;
}

export async function call(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function ready(url: string): Promise<void> {
  const { status } = await call(`${url}/health/ready`, {});
  if (status !== 200) throw new Error(`${url} is not ready`);
}
