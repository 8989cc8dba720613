import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { stopEpmd } from './epmd.js';
import { freePorts } from './free-port.js';
import { findRabbitmqServer } from './rabbitmq-install.js';
import { untilRabbitmqAnswers } from './rabbitmq-ready.js';
import { removeRecord, STOP_STAGES } from './run-records.js';
import { type ServerProcess, startServerProcess, untilReady } from './server-process.js';

const run = promisify(execFile);

export interface RabbitmqOptions {
  readonly name: string;
  /** The folder of the node's data, cookie and configuration. */
  readonly dir: string;
  readonly port: number;
  readonly managementPort: number;
  readonly logFile: string;
  readonly runDir: string;
}

export interface BrokerServer {
  readonly brokerUrl: string;
  readonly managementUrl: string;
  /** Resolves when the current broker process ends, with its exit code or signal. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Stops the broker and starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** Runs rabbitmqctl on this node, for states that only it can set, such as an alarm. */
  control(...args: readonly string[]): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
/** RabbitMQ 4 stops in 1.5 s. The management plugin of RabbitMQ 3 always takes 5 s more. */
const STOP_TIMEOUT_MS = 8_000;

export async function startRabbitmqServer(options: RabbitmqOptions): Promise<BrokerServer> {
  const program = findRabbitmqServer();
  if (program === undefined) throw new Error('rabbitmq-server is not installed on this machine: install it');
  const brokerUrl = `amqp://guest:guest@127.0.0.1:${options.port}`;
  const managementUrl = `http://guest:guest@127.0.0.1:${options.managementPort}`;
  const [distPort = 0, epmdPort = 0] = await freePorts(2);
  const env = await configure(options, distPort, epmdPort);
  await rm(options.logFile, { force: true });

  async function launch(command: string): Promise<ServerProcess> {
    const server = await startServerProcess({
      name: options.name,
      command,
      args: [],
      env,
      cwd: options.dir,
      output: { file: options.logFile },
      stopSignal: 'SIGTERM',
      stopTimeoutMs: STOP_TIMEOUT_MS,
      runDir: options.runDir,
      stage: STOP_STAGES.broker,
      epmdPort,
    });
    try {
      await untilReady(server, options.logFile, untilRabbitmqAnswers(brokerUrl, managementUrl, START_TIMEOUT_MS));
    } catch (error) {
      await server.kill();
      await stopEpmd(epmdPort);
      throw error;
    }
    return server;
  }

  let server = await launch(program);
  return {
    brokerUrl,
    managementUrl,
    get ended() {
      return server.ended;
    },
    async stop() {
      await server.stop();
      await stopEpmd(epmdPort);
      removeRecord(options.runDir, options.name);
    },
    kill: () => server.kill(),
    async restart() {
      await server.stop();
      server = await launch(program);
    },
    control: async (...args) => {
      await run(join(dirname(program), 'rabbitmqctl'), args, { env, cwd: options.dir });
    },
  };
}

/** Configures a private node, which neither reads nor changes the configuration, cookie or data of a system broker. */
async function configure(options: RabbitmqOptions, distPort: number, epmdPort: number): Promise<NodeJS.ProcessEnv> {
  const { dir } = options;
  const config = [
    `listeners.tcp.1 = 127.0.0.1:${options.port}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${options.managementPort}`,
  ];
  for (const folder of ['data', 'log', 'conf.d', 'plugins']) await mkdir(join(dir, folder), { recursive: true });
  await writeFile(join(dir, 'rabbitmq.conf'), `${config.join('\n')}\n`);
  await writeFile(join(dir, 'enabled_plugins'), '[rabbitmq_management].\n');
  await writeFile(join(dir, 'rabbitmq-env.conf'), '');
  const own = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ_|ERL_|NOTIFY_SOCKET)/.test(name));
  return {
    ...Object.fromEntries(own),
    HOME: dir,
    RABBITMQ_NODENAME: 'tallyline@localhost',
    RABBITMQ_CONF_ENV_FILE: join(dir, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: join(dir, 'conf.d'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(dir, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_PLUGINS_EXPAND_DIR: join(dir, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(dir, 'broker.pid'),
    RABBITMQ_DIST_PORT: `${distPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: `${epmdPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // With this variable the script becomes the Erlang process, so that its pid and exit code are those of the broker.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}
