import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STOP_STAGES } from '../start/run-records.js';
import { type Account, closedFolderOnTheWay, postgresAccount } from './postgres-account.js';
import { copyPostgresBinaries, findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { initialiseDataDir, postgresEnvironment } from './postgres-data-dir.js';
import { untilPostgresAnswers } from './postgres-ready.js';
import { type ServerProcess, startServerProcess, untilReady } from './server-process.js';

export interface PostgresOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly runDir: string;
  /** Server parameters. Durability is on unless a test says otherwise. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when the present server process ends, with how. */
  readonly ended: Promise<string>;
  url(database: string): string;
  /** PostgreSQL's fast shutdown: sessions are ended, everything committed is on disk. */
  stop(): Promise<void>;
  /** SIGKILL: the crash that the write-ahead log is for. */
  kill(): Promise<void>;
  /** On the same port and data; stops it first when it runs. `change` is done to the data while it is stopped. */
  restart(change?: () => Promise<void>): Promise<void>;
}

const STOP_TIMEOUT_MS = 4_000;
const START_TIMEOUT_MS = 30_000;

/** The backends of a killed server hold its shared memory until they notice, some milliseconds later. */
const STILL_IN_USE = 'pre-existing shared memory block';
const STILL_IN_USE_PAUSE_MS = 100;

export async function startPostgresServer(options: PostgresOptions): Promise<PostgresServer> {
  const account = await postgresAccount();
  const binaries = await reachableBinaries(account);
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

async function reachableBinaries(account: Account | undefined): Promise<PostgresBinaries> {
  const binaries = await findPostgresBinaries();
  const isClosed = account !== undefined && (await closedFolderOnTheWay(account, dirname(binaries.postgres)));
  return isClosed ? copyPostgresBinaries(binaries) : binaries;
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

/** After a reboot, or in a restarted container, the pid in the lock file may belong to any other program of ours. */
async function dropForeignLock(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (process.platform !== 'linux' || !(pid > 0)) return;
  const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (program.trim() !== 'postgres') await rm(lockFile, { force: true });
}
