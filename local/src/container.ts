import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
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
  readonly tmpfs?: readonly string[];
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

/** Published on loopback only: a development server with a known password is nobody else's business. */
class LoopbackContainer extends GenericContainer {
  override start(): Promise<StartedTestContainer> {
    const published: Record<string, { HostIp?: string }[]> = this.hostConfig.PortBindings ?? {};
    for (const binding of Object.values(published).flat()) binding.HostIp = '127.0.0.1';
    return super.start();
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

  const builder = onThisMachine ? new LoopbackContainer(options.image) : new GenericContainer(options.image);
  builder.withExposedPorts(...[...ports].map(([container, host]) => ({ container, host })));
  builder.withEnvironment(options.environment ?? {}).withLabels({ 'dev.tallyline': 'local' });
  if (options.name !== undefined) builder.withName(options.name);
  if (options.command !== undefined) builder.withCommand([...options.command]);
  builder.withTmpFs(Object.fromEntries((options.tmpfs ?? []).map((path) => [path, 'rw'])));
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
