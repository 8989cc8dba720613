import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '@tallyline/local/servers/free-port';
import { startGuard } from '@tallyline/local/servers/guard';
import { type PostgresServer, startPostgresServer } from '@tallyline/local/servers/postgres-server';
import { installRabbitmqIfMissing } from '@tallyline/local/servers/rabbitmq-install';
import { type BrokerServer, startRabbitmqServer } from '@tallyline/local/servers/rabbitmq-server';
import { stopLeftovers } from '@tallyline/local/servers/run-records';
import { temporaryDir } from '@tallyline/local/testing/temporary-dir';

/** The servers of a campaign: a broker and two database servers, which can be broken separately. */
export interface Servers {
  readonly write: PostgresServer;
  readonly read: PostgresServer;
  readonly broker: BrokerServer;
  stop(): Promise<void>;
}

/** A killed process loses only its own memory: each commit must reach the operating system, but need not reach the disk. */
const SETTINGS = { max_connections: '200', fsync: 'off', synchronous_commit: 'on', full_page_writes: 'off' };

export async function startServers(): Promise<Servers> {
  await installRabbitmqIfMissing((line) => process.stdout.write(`${line}\n`));
  const dir = await temporaryDir();
  const runDir = join(dir, 'run');
  startGuard(runDir, dir);
  const [writePort = 0, readPort = 0, port = 0, managementPort = 0] = await freePorts(4);
  const place = (name: string) => ({ name, runDir, logFile: join(dir, `${name}.log`) });
  const postgres = (name: string, port: number) =>
    startPostgresServer({ ...place(name), dataDir: join(dir, name), port, settings: SETTINGS });
  const stop = async () => {
    await stopLeftovers(runDir);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const [write, read, broker] = await Promise.all([
      postgres('write', writePort),
      postgres('read', readPort),
      startRabbitmqServer({ ...place('rabbitmq'), dir: join(dir, 'rabbitmq'), port, managementPort }),
    ]);
    return { write, read, broker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
