import { join } from 'node:path';
import { freePorts } from '@tallyline/local/servers/free-port';
import { STOP_STAGES } from '@tallyline/local/servers/run-records';
import { repositoryRoot } from '@tallyline/local/servers/schema';
import { startServerProcess } from '@tallyline/local/servers/server-process';
import { portVariableOf, type ServiceName } from '@tallyline/local/start/service-names';
import { eventually } from '@tallyline/local/testing/eventually';
import { notePeak } from './peak-memory.js';
import type { Stage } from './stage.js';

export interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

let started = 0;

/**
 * Starts a service as `npm start` does: as its own process, built, with LOG_LEVEL=info. Its log goes to a file, because reading
 * a pipe would take processor time from what is measured.
 */
export async function startService(name: ServiceName, stage: Stage): Promise<Service> {
  started += 1;
  const [port = 0] = await freePorts(1);
  const { runDir, dir } = stage.servers;
  const server = await startServerProcess({
    name: `${name}-${started}`,
    command: process.execPath,
    args: ['--enable-source-maps', join(repositoryRoot, name, 'dist', 'main.js')],
    env: {
      PATH: process.env.PATH,
      [portVariableOf(name)]: String(port),
      WRITE_DATABASE_URL: stage.writeUrl,
      READ_DATABASE_URL: stage.readUrl,
      BROKER_URL: stage.brokerUrl,
    },
    cwd: dir,
    output: { file: join(dir, `${name}.log`) },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 16_000,
    runDir,
    stage: STOP_STAGES.service,
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(() => ready(url), { timeoutMs: 30_000, intervalMs: 20 });
  return {
    url,
    stop: async () => {
      notePeak(name, server.pid);
      await server.stop();
    },
  };
}

async function ready(url: string): Promise<void> {
  const { status } = await fetch(`${url}/health/ready`);
  if (status !== 200) throw new Error(`${url}/health/ready answered ${status}`);
}
