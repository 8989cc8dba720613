import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, postgresAccount } from './postgres-account.js';
import {
  findPostgresBinaries,
  initialiseDataDir,
  type PostgresBinaries,
  postgresEnvironment,
} from './postgres-files.js';
import { untilPostgresAnswers } from './postgres-ready.js';
import { STOP_STAGES } from './run-records.js';
import { type ServerProcess, startServerProcess, untilReady } from './server-process.js';

export interface PostgresOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly runDir: string;
  /** Server parameters. Without them the server is durable: fsync and synchronous_commit are on. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when the current server process ends, with its exit code or signal. */
  readonly ended: Promise<string>;
  url(database: string): string;
  /** Stops the server by PostgreSQL's fast shutdown, which ends the sessions. Everything committed is on disk. */
  stop(): Promise<void>;
  /** Ends the server with SIGKILL, like a crash. */
  kill(): Promise<void>;
  /** Stops the server, runs `change`, and starts it again on the same port and data. */
  restart(change?: () => Promise<void>): Promise<void>;
}

const STOP_TIMEOUT_MS = 4_000;
const START_TIMEOUT_MS = 30_000;

/** The backends of a killed server hold its shared memory for some milliseconds more. */
const STILL_IN_USE = 'pre-existing shared memory block';
const STILL_IN_USE_PAUSE_MS = 100;

export async function startPostgresServer(options: PostgresOptions): Promise<PostgresServer> {
  const account = await postgresAccount();
  const binaries = await findPostgresBinaries(account);
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) await initialiseDataDir(binaries, options.dataDir, account);
  await rm(options.logFile, { force: true });
  const url = (database: string) => `postgres://postgres:postgres@127.0.0.1:${options.port}/${database}`;

  async function launch(): Promise<ServerProcess> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      await dropForeignLock(options.dataDir);
      const server = await spawnPostgres(binaries, options, account);
      try {
        await untilReady(server, options.logFile, untilPostgresAnswers(url('postgres'), START_TIMEOUT_MS));
        return server;
      } catch (error) {
        await server.kill();
        if (!String(error).includes(STILL_IN_USE) || Date.now() > deadline) throw error;
      }
      await delay(STILL_IN_USE_PAUSE_MS);
    }
  }

  let server = await launch();
  return {
    port: options.port,
    dataDir: options.dataDir,
    get pid() {
      return server.pid;
    },
    get ended() {
      return server.ended;
    },
    url,
    stop: () => server.stop(),
    kill: () => server.kill(),
    async restart(change = async () => undefined) {
      await server.stop();
      await change();
      server = await launch();
    },
  };
}

function spawnPostgres(binaries: PostgresBinaries, options: PostgresOptions, account: Account | undefined) {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: `${options.port}`,
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  };
  return startServerProcess({
    name: options.name,
    command: binaries.postgres,
    args: ['-D', options.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: postgresEnvironment(),
    cwd: '/',
    ...account,
    output: { file: options.logFile },
    stopSignal: 'SIGINT',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    runDir: options.runDir,
    stage: STOP_STAGES.database,
  });
}

/** Removes a lock file whose pid belongs to another program now, as it may after a reboot or in a restarted container. */
async function dropForeignLock(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (process.platform !== 'linux' || !(pid > 0)) return;
  const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (program.trim() !== 'postgres') await rm(lockFile, { force: true });
}
