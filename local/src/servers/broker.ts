import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerEngineAnswers } from './docker-engine.js';
import { findRabbitmqServer, installRabbitmqIfMissing } from './rabbitmq-install.js';
import { type BrokerServer, startRabbitmqServer } from './rabbitmq-server.js';

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

/** Prefers a broker that is installed, which starts fastest, then a container, then an installation with apt-get. */
async function chooseKind(say: (line: string) => void): Promise<BrokerKind> {
  if (findRabbitmqServer() !== undefined) return 'native';
  if (await dockerEngineAnswers()) return 'container';
  if (await installRabbitmqIfMissing(say)) return 'native';
  throw new Error(NO_BROKER);
}

/**
 * The first choice is stored with the data and kept. Messages that wait in one kind of broker are not in the other one, and
 * the outbox has them marked as published, so a change of kind would lose them.
 */
async function keptKind({ dataDir, say }: BrokerOptions): Promise<BrokerKind> {
  const kept = await readKind(dataDir);
  if (kept === 'container') {
    if (await dockerEngineAnswers()) return kept;
    throw new Error(
      'The broker of this data runs in a container, and no Docker Engine answers. Start Docker, and try again.',
    );
  }
  if (kept === 'native') {
    if (await installRabbitmqIfMissing(say)) return kept;
    throw new Error(
      'The broker of this data is rabbitmq-server, which is no longer installed. Install it again, or: npm run reset',
    );
  }
  const kind = await chooseKind(say);
  // A volume whose `.data` folder was removed holds messages of orders that no longer exist.
  if (kind === 'container') await dropBrokerVolume(dataDir);
  await writeFile(join(dataDir, KIND_FILE), `${kind}\n`);
  return kind;
}

async function readKind(dataDir: string): Promise<string | undefined> {
  return (await readFile(join(dataDir, KIND_FILE), 'utf8').catch(() => undefined))?.trim();
}

/** Drops the data of a container broker, which is outside the folder that `npm run reset` removes. */
export async function dropBrokerData(dataDir: string): Promise<void> {
  if ((await readKind(dataDir)) !== 'container') return;
  if (!(await dockerEngineAnswers())) {
    throw new Error(
      'The broker of this data runs in a container, and no Docker Engine answers. Start Docker, then reset.',
    );
  }
  await dropBrokerVolume(dataDir);
}

async function dropBrokerVolume(dataDir: string): Promise<void> {
  const { removeContainer, removeVolume } = await import('./container.js');
  await removeContainer(brokerVolume(dataDir), 0);
  await removeVolume(brokerVolume(dataDir));
}

/** Each clone on a machine has its own broker and data. */
function brokerVolume(dataDir: string): string {
  return `tallyline-broker-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}

export async function startBroker(options: BrokerOptions): Promise<BrokerServer> {
  const kind = await keptKind(options);
  const { dataDir, port, managementPort, runDir, logFile, say } = options;
  if (kind === 'native') {
    say(`Starting RabbitMQ on port ${port} …`);
    const dir = join(dataDir, 'rabbitmq');
    return startRabbitmqServer({ name: 'RabbitMQ', dir, port, managementPort, logFile, runDir });
  }
  say(`Starting RabbitMQ on port ${port} in a container (the first time, its image is downloaded) …`);
  const { removeContainer } = await import('./container.js');
  const { startRabbitmqContainer } = await import('./rabbitmq-container.js');
  const volume = brokerVolume(dataDir);
  await removeContainer(volume, 0);
  return startRabbitmqContainer({ name: 'RabbitMQ', volume, port, managementPort, runDir });
}
