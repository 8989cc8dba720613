import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { freePorts } from './free-port.js';

export interface ContainerOptions {
  readonly image: string;
  readonly name?: string;
  /** Container port to host port; 0 takes a free one, which then stays the same over restarts. */
  readonly ports: Readonly<Record<number, number>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Volume name to the path where it is mounted. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Told the id before the server in it is ready: what fails while starting must be removed as well. */
  readonly created?: (containerId: string) => void;
}

export interface RunningContainer {
  readonly id: string;
  readonly host: string;
  hostPort(containerPort: number): number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const STOP_TIMEOUT_S = 8;

class LocalContainer extends GenericContainer {
  readonly #options: ContainerOptions;

  constructor(options: ContainerOptions) {
    super(options.image);
    this.#options = options;
  }

  /** A development server with a known password is nobody else's business. */
  publishOnLoopback(): void {
    const published: Record<string, { HostIp?: string }[]> = this.hostConfig.PortBindings ?? {};
    for (const binding of Object.values(published).flat()) binding.HostIp = '127.0.0.1';
  }

  protected override async containerCreated(containerId: string): Promise<void> {
    this.#options.created?.(containerId);
  }
}

/** The cleaner of testcontainers is one more image to pull; our own records (run-records.ts) do its work. */
function withoutReaper(): void {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
}

export async function startContainer(options: ContainerOptions): Promise<RunningContainer> {
  withoutReaper();
  const { info, container: containers } = await getContainerRuntimeClient();
  const onThisMachine = ['localhost', '127.0.0.1'].includes(info.containerRuntime.host);
  const host = onThisMachine ? '127.0.0.1' : info.containerRuntime.host;
  const wanted = Object.entries(options.ports);
  const drawn = await freePorts(wanted.length);
  const ports = new Map(wanted.map(([port, hostPort], i) => [Number(port), hostPort || (drawn[i] ?? 0)]));

  const builder = new LocalContainer(options);
  builder.withExposedPorts(...[...ports].map(([container, host]) => ({ container, host })));
  if (onThisMachine) builder.publishOnLoopback();
  builder.withEnvironment(options.environment ?? {}).withLabels({ 'dev.tallyline': 'local' });
  if (options.name !== undefined) builder.withName(options.name);
  if (options.command !== undefined) builder.withCommand([...options.command]);
  builder.withBindMounts(Object.entries(options.volumes ?? {}).map(([source, target]) => ({ source, target })));
  const started = await builder.start();
  const container = containers.getById(started.getId());

  return {
    id: started.getId(),
    host,
    hostPort(containerPort) {
      const port = ports.get(containerPort);
      if (port === undefined) throw new Error(`port ${containerPort} is not published`);
      return port;
    },
    async stop() {
      await started.stop({ timeout: STOP_TIMEOUT_S * 1000, removeVolumes: true });
    },
    async kill() {
      await container.kill();
    },
    async restart() {
      await container.restart({ t: STOP_TIMEOUT_S });
    },
  };
}

/** Also of a run that has ended; answers whether there was one. */
export async function removeContainer(idOrName: string): Promise<boolean> {
  const { container: containers } = await getContainerRuntimeClient();
  try {
    await containers.getById(idOrName).remove({ force: true, v: true });
    return true;
  } catch {
    return false;
  }
}
