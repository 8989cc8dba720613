import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { freePorts } from './free-port.js';

export interface ContainerOptions {
  readonly image: string;
  readonly name?: string;
  readonly hostname?: string;
  /** Host port by container port. 0 takes a free host port, which stays the same when the container restarts. */
  readonly ports: Readonly<Record<number, number>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Path in the container by the name of the volume that is mounted there. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Called with the id before the server is ready, so that a container that fails to start is removed, too. */
  readonly created?: (containerId: string) => void;
}

export interface RunningContainer {
  readonly id: string;
  readonly host: string;
  hostPort(containerPort: number): number;
  untilEnded(): Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Runs a command in the container. If the exit code is not 0, the error contains the output. */
  run(...command: readonly string[]): Promise<void>;
}

const STOP_TIMEOUT_S = 6;

class LocalContainer extends GenericContainer {
  readonly #options: ContainerOptions;

  constructor(options: ContainerOptions) {
    super(options.image);
    this.#options = options;
  }

  /** The servers have a known password, so other machines must not reach them. */
  publishOnLoopback(): void {
    const published: Record<string, { HostIp?: string }[]> = this.hostConfig.PortBindings ?? {};
    for (const binding of Object.values(published).flat()) binding.HostIp = '127.0.0.1';
  }

  protected override async containerCreated(containerId: string): Promise<void> {
    this.#options.created?.(containerId);
  }
}

/** The cleaner of testcontainers would be one more image to pull. Our run records (run-records.ts) do its work. */
function runtimeWithoutReaper() {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  return getContainerRuntimeClient();
}

export async function startContainer(options: ContainerOptions): Promise<RunningContainer> {
  const { info, container: containers } = await runtimeWithoutReaper();
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
  if (options.hostname !== undefined) builder.withHostname(options.hostname);
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
    async untilEnded() {
      const end = (await container.wait().catch(() => undefined)) as { StatusCode: number } | undefined;
      return end === undefined ? 'container gone' : `exit code ${end.StatusCode}`;
    },
    stop: async () => {
      await removeContainer(started.getId(), STOP_TIMEOUT_S * 1000);
    },
    kill: async () => {
      await container.kill();
    },
    restart: async () => {
      await container.restart({ t: STOP_TIMEOUT_S });
    },
    run: async (...command) => {
      const { exitCode, output } = await started.exec([...command]);
      if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${output}`);
    },
  };
}

/** Removes a container, even one of an earlier run, and returns whether there was one. Its named volumes stay. */
export async function removeContainer(idOrName: string, stopTimeoutMs: number): Promise<boolean> {
  const { container: containers } = await runtimeWithoutReaper();
  const container = containers.getById(idOrName);
  try {
    if (stopTimeoutMs > 0) await containers.stop(container, { timeout: stopTimeoutMs });
    await container.remove({ force: true, v: true });
    return true;
  } catch {
    return false;
  }
}

export async function removeVolume(name: string): Promise<void> {
  const { container: containers } = await runtimeWithoutReaper();
  await containers.dockerode
    .getVolume(name)
    .remove()
    .catch(() => undefined);
}
