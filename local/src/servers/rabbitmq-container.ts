import { recordRun, STOP_STAGES } from '../start/run-records.js';
import { startContainer } from './container.js';
import { RABBITMQ_IMAGE } from './images.js';
import { untilRabbitmqAnswers } from './rabbitmq-ready.js';
import type { BrokerServer } from './rabbitmq-server.js';

export interface RabbitmqContainerOptions {
  readonly name: string;
  /** Names the container and its volume; without it the data goes with the container. */
  readonly volume?: string;
  readonly port: number;
  readonly managementPort: number;
  readonly runDir: string;
}

/** The node's name, and with it the folder of its data, holds the host name: it must not change with each container. */
const HOST_NAME = 'tallyline';
const STOP_TIMEOUT_MS = 6_000;

export async function startRabbitmqContainer(options: RabbitmqContainerOptions): Promise<BrokerServer> {
  const { name, volume, port, managementPort, runDir } = options;
  const container = await startContainer({
    image: RABBITMQ_IMAGE,
    hostname: HOST_NAME,
    ports: { 5672: port, 15672: managementPort },
    ...(volume === undefined ? {} : { name: volume, volumes: { [volume]: '/var/lib/rabbitmq' } }),
    created: (containerId) =>
      recordRun(runDir, { name, stage: STOP_STAGES.broker, containerId, stopTimeoutMs: volume ? STOP_TIMEOUT_MS : 0 }),
  });
  const brokerUrl = `amqp://guest:guest@${container.host}:${container.hostPort(5672)}`;
  const managementUrl = `http://guest:guest@${container.host}:${container.hostPort(15672)}`;
  await untilRabbitmqAnswers(brokerUrl, managementUrl);
  let ended = container.untilEnded();
  return {
    brokerUrl,
    managementUrl,
    get ended() {
      return ended;
    },
    stop: () => container.stop(),
    kill: () => container.kill(),
    async restart() {
      await container.restart();
      await untilRabbitmqAnswers(brokerUrl, managementUrl);
      ended = container.untilEnded();
    },
    control: (...args) => container.run('rabbitmqctl', ...args),
  };
}
