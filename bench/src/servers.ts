import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startBroker } from '@tallyline/local/servers/broker';
import { freePorts } from '@tallyline/local/servers/free-port';
import { startPostgresServer } from '@tallyline/local/servers/postgres-server';
import { startGuard } from '@tallyline/local/start/guard';
import { stopLeftovers } from '@tallyline/local/start/run-records';
import { temporaryDir } from '@tallyline/local/testing/temporary-dir';

export interface Servers {
  readonly dir: string;
  readonly runDir: string;
  readonly writeServerUrl: string;
  readonly readServerUrl: string;
  readonly brokerUrl: string;
  readonly managementUrl: string;
  stop(): Promise<void>;
}

/** The servers of `npm start` with its settings (so fsync and synchronous_commit are on), on free ports and empty. */
export async function startServers(say: (line: string) => void): Promise<Servers> {
  const dir = await temporaryDir();
  const runDir = join(dir, 'run');
  startGuard(runDir, dir);
  const stop = async () => {
    await stopLeftovers(runDir);
    await rm(dir, { recursive: true, force: true });
  };
  const postgres = (name: string, port: number) =>
    startPostgresServer({ name, dataDir: join(dir, name), port, logFile: join(dir, `${name}.log`), runDir });
  try {
    const [writePort = 0, readPort = 0, port = 0, managementPort = 0] = await freePorts(4);
    const [write, read, broker] = await Promise.all([
      postgres('postgres-write', writePort),
      postgres('postgres-read', readPort),
      startBroker({ dataDir: dir, port, managementPort, logFile: join(dir, 'rabbitmq.log'), runDir, say }),
    ]);
    return {
      dir,
      runDir,
      writeServerUrl: write.url('postgres'),
      readServerUrl: read.url('postgres'),
      brokerUrl: broker.brokerUrl,
      managementUrl: broker.managementUrl,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
