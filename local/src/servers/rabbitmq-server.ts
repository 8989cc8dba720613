import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { forgetRun, STOP_STAGES } from '../start/run-records.js';
import { stopEpmd } from './epmd.js';
import { freePorts } from './free-port.js';
import { untilRabbitmqAnswers } from './rabbitmq-ready.js';
import { type ServerProcess, startServerProcess, untilReady } from './server-process.js';

const run = promisify(execFile);

export interface RabbitmqOptions {
  readonly name: string;
  /** Everything of this node lives here: data, cookie, configuration. */
  readonly dir: string;
  readonly port: number;
  readonly managementPort: number;
  readonly logFile: string;
  readonly runDir: string;
}

export interface BrokerServer {
  readonly brokerUrl: string;
  readonly managementUrl: string;
  /** Resolves when the present broker ends by itself, with how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** On the same ports and data; stops it first when it runs. */
  restart(): Promise<void>;
  /** Runs rabbitmqctl against this node, for states that only the node itself can be put into, such as an alarm. */
  control(...args: readonly string[]): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
/** 4.x stops in 1.5 s; the management plugin of 3.x takes 5 s more, whatever its settings. */
const STOP_TIMEOUT_MS = 8_000;

/** The command on the PATH of Debian and Fedora is a wrapper that drops to a system user; the script behind it is not. */
const BEHIND_THE_WRAPPER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const WRAPPER = 'rabbitmq-script-wrapper';
const MORE_FOLDERS = ['/opt/homebrew/sbin', '/usr/local/sbin', '/usr/sbin'];

export function findRabbitmqServer(): string | undefined {
  if (existsSync(BEHIND_THE_WRAPPER)) return BEHIND_THE_WRAPPER;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  const found = folders.map((folder) => join(folder, 'rabbitmq-server')).filter((path) => existsSync(path));
  return found.find((path) => basename(realpathSync(path)) !== WRAPPER);
}

export async function startRabbitmqServer(options: RabbitmqOptions): Promise<BrokerServer> {
  const program = findRabbitmqServer();
  if (program === undefined) throw new Error('no rabbitmq-server on this machine');
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
      forgetRun(options.runDir, options.name);
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

/** A private node: nothing of a system broker's configuration, cookie, port mapper or data is read or touched. */
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
    // The script then becomes the Erlang machine instead of waiting beside it: one process, one pid, one exit code.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}
