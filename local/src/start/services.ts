import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { STOP_STAGES } from '../servers/run-records.js';
import { repositoryRoot } from '../servers/schema.js';
import { type ServerProcess, startServerProcess } from '../servers/server-process.js';
import { eventually } from '../testing/eventually.js';
import { SERVICES, type ServiceName } from './service-names.js';
import { required, type Variables } from './settings.js';

export interface Service {
  readonly name: ServiceName;
  readonly ended: Promise<string>;
  restart(): Promise<void>;
}

/** The services stop by themselves within this time. Together with the broker and the databases, a stop takes 20 s. */
const STOP_TIMEOUT_MS = 7_000;
const READY_TIMEOUT_MS = 60_000;

export async function startService(name: ServiceName, env: Variables, runDir: string): Promise<Service> {
  const main = join(repositoryRoot, name, 'dist', 'main.js');
  if (!existsSync(main)) throw new Error(`${name} is not built. Run: npm run build`);
  const launch = (): Promise<ServerProcess> =>
    startServerProcess({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', main],
      env: { ...process.env, ...env },
      cwd: repositoryRoot,
      output: 'inherit',
      stopSignal: 'SIGTERM',
      stopTimeoutMs: STOP_TIMEOUT_MS,
      runDir,
      stage: STOP_STAGES.service,
    });
  let server = await launch();
  return {
    name,
    get ended() {
      return server.ended;
    },
    async restart() {
      server = await launch();
    },
  };
}

/** Returns the host for URLs of the services. BIND_ADDR may be a wildcard, which no client can connect to. */
export function reachableHost(variables: Variables): string {
  const address = required(variables, 'BIND_ADDR');
  return ['0.0.0.0', '::', '::0'].includes(address) ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address;
}

export async function untilServicesReady(services: readonly Service[], variables: Variables): Promise<void> {
  const host = reachableHost(variables);
  const ready = SERVICES.map(({ portVariable }) =>
    eventually(() => isReady(`http://${host}:${required(variables, portVariable)}/health/ready`), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
    }),
  );
  const died = services.map(async ({ name, ended }) => {
    throw new Error(`${name} stopped before it was ready (${await ended}). Its log lines above say why.`);
  });
  for (const promise of [...ready, ...died]) promise.catch(() => undefined);
  await Promise.race([Promise.all(ready), ...died]);
}

async function isReady(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
}
