import { startContainer } from './container.js';
import { untilRabbitmqAnswers } from './rabbitmq-ready.js';
import type { BrokerServer } from './rabbitmq-server.js';
import { recordRun, STOP_STAGES } from './run-records.js';

export interface RabbitmqContainerOptions {
  readonly name: string;
  /** The name of the container and its volume. Without it the data is removed with the container. */
  readonly volume?: string;
  readonly port: number;
  readonly managementPort: number;
  readonly runDir: string;
}

export const RABBITMQ_IMAGE = 'rabbitmq:4-management';

/** The node's name and its data folder contain the host name, so it must be the same for each new container. */
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
