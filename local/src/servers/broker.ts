import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerEngineAnswers } from './docker-engine.js';
import { canInstallRabbitmq, installRabbitmq } from './rabbitmq-install.js';
import { type BrokerServer, findRabbitmqServer, startRabbitmqServer } from './rabbitmq-server.js';

export type BrokerKind = 'native' | 'container';

export interface BrokerOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly managementPort: number;
  readonly logFile: string;
  readonly runDir: string;
  readonly say: (line: string) => void;
}

const KIND_FILE = 'broker-kind';

const NO_BROKER = `RabbitMQ is missing, and there is no way to run it here. Any one of these is enough:
  - install rabbitmq-server (apt-get install rabbitmq-server, dnf install rabbitmq-server, brew install rabbitmq)
  - start Docker, and it runs in a container
  - set BROKER_URL to a broker you have, such as amqp://user:password@host:5672`;

/** A broker installed on the machine starts fastest and needs nothing pulled; a container comes next. */
async function chooseKind(say: (line: string) => void): Promise<BrokerKind> {
  if (findRabbitmqServer() !== undefined) return 'native';
  if (await dockerEngineAnswers()) return 'container';
  if (!(await canInstallRabbitmq())) throw new Error(NO_BROKER);
  await installRabbitmq(say);
  return 'native';
}

/**
 * Messages that wait in one kind of broker are not in the other, and the outbox has them marked as published: a change
 * of kind would lose them. So the first choice is kept with the data.
 */
async function keptKind({ dataDir, say }: BrokerOptions): Promise<BrokerKind> {
  const kept = await readKind(dataDir);
  if (kept === 'container') {
    if (await dockerEngineAnswers()) return kept;
    throw new Error(
      'The broker of this data runs in a container, and no Docker Engine answers. Start it, and try again.',
    );
  }
  if (kept === 'native') {
    if (findRabbitmqServer() !== undefined) return kept;
    if (!(await canInstallRabbitmq())) {
      throw new Error('The broker of this data is rabbitmq-server, which is gone. Install it again, or: npm run reset');
    }
    await installRabbitmq(say);
    return kept;
  }
  const kind = await chooseKind(say);
  // A volume that outlived its `.data` holds messages of orders that are no more.
  if (kind === 'container') await dropBrokerVolume(dataDir);
  await writeFile(join(dataDir, KIND_FILE), `${kind}\n`);
  return kind;
}

async function readKind(dataDir: string): Promise<string | undefined> {
  return (await readFile(join(dataDir, KIND_FILE), 'utf8').catch(() => undefined))?.trim();
}

/** `npm run reset` drops the folder; what a container broker keeps lies outside of it. */
export async function dropBrokerData(dataDir: string): Promise<void> {
  if ((await readKind(dataDir)) !== 'container') return;
  if (!(await dockerEngineAnswers())) {
    throw new Error('The broker of this data runs in a container, and no Docker Engine answers. Start it, then reset.');
  }
  await dropBrokerVolume(dataDir);
}

async function dropBrokerVolume(dataDir: string): Promise<void> {
  const { removeContainer, removeVolume } = await import('./container.js');
  await removeContainer(brokerVolume(dataDir), 0);
  await removeVolume(brokerVolume(dataDir));
}

/** Two clones on one machine have a broker and data of their own. */
function brokerVolume(dataDir: string): string {
  return `tallyline-broker-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}

export async function startBroker(options: BrokerOptions): Promise<BrokerServer> {
  const kind = await keptKind(options);
  const { dataDir, port, managementPort, runDir, logFile, say } = options;
  if (kind === 'native') {
    say(`Starting RabbitMQ on port ${port} …`);
    return startRabbitmqServer({
      name: 'RabbitMQ',
      dir: join(dataDir, 'rabbitmq'),
      port,
      managementPort,
      logFile,
      runDir,
    });
  }
  say(`Starting RabbitMQ on port ${port} in a container (the first time, its image is downloaded) …`);
  const { removeContainer } = await import('./container.js');
  const { startRabbitmqContainer } = await import('./rabbitmq-container.js');
  const volume = brokerVolume(dataDir);
  await removeContainer(volume, 0);
  return startRabbitmqContainer({ name: 'RabbitMQ', volume, port, managementPort, runDir });
}
