import { join } from 'node:path';
import { startBroker } from '@tallyline/local/servers/broker';
import { freePorts } from '@tallyline/local/servers/free-port';
import { startPostgresServer } from '@tallyline/local/servers/postgres-server';
import { type TemporaryRun, temporaryRun } from '@tallyline/local/testing/temporary-dir';

export interface Servers extends TemporaryRun {
  readonly writeServerUrl: string;
  readonly readServerUrl: string;
  readonly brokerUrl: string;
  readonly managementUrl: string;
}

/** Starts the servers of `npm start` with the same settings, which are durable, but on free ports and empty. */
export async function startServers(say: (line: string) => void): Promise<Servers> {
  const run = await temporaryRun();
  const { dir, runDir } = run;
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
      ...run,
      writeServerUrl: write.url('postgres'),
      readServerUrl: read.url('postgres'),
      brokerUrl: broker.brokerUrl,
      managementUrl: broker.managementUrl,
    };
  } catch (error) {
    await run.stop();
    throw error;
  }
}
