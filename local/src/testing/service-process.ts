import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../servers/schema.js';
import { portVariableOf, type ServiceName } from '../start/service-names.js';

/** A service that was started as a process. It may end before it listens. */
export interface SpawnedService {
  readonly name: ServiceName;
  readonly pid: number;
  /** The newest log lines, parsed, oldest first. */
  readonly log: readonly LogLine[];
  /** Resolves when the service listens. Rejects with its last log lines if it ends first. */
  readonly port: Promise<number>;
  /** Resolves when the process has ended and its last line is in `log`. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM and resolves when the process has ended. */
  stop(): Promise<number | NodeJS.Signals>;
  /** Sends SIGKILL and resolves when the process has ended. */
  kill(): Promise<number | NodeJS.Signals>;
}

/** A service that has opened its port. */
export interface ServiceProcess extends Omit<SpawnedService, 'port'> {
  readonly url: string;
}

export type LogLine = { readonly msg: string; readonly level: number; readonly port?: number } & Record<
  string,
  unknown
>;

const MAX_LOG_LINES = 5_000;

/** Starts the built service and resolves when it listens. Rejects with its last log lines if it ends first. */
export function startServiceProcess(...args: Parameters<typeof spawnService>): Promise<ServiceProcess> {
  return listening(spawnService(...args));
}

export async function listening({ port, ...service }: SpawnedService): Promise<ServiceProcess> {
  return { ...service, url: `http://127.0.0.1:${await port}` };
}

/**
 * Starts the built service on a free port. It gets only the variables in `env`, and it runs outside the clone so that it
 * does not read `.env`. `root` is the checkout whose build is started.
 */
export function spawnService(
  name: ServiceName,
  env: Readonly<Record<string, string>>,
  root = repositoryRoot,
): SpawnedService {
  const main = join(root, name, 'dist', 'main.js');
  const child = spawn(process.execPath, [main], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, [portVariableOf(name)]: '0', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const log: LogLine[] = [];
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    // When the event 'exit' comes, the last log line of the process may still be in the pipe.
    child.once('close', (code, signal) => {
      process.removeListener('exit', killWithUs);
      resolve(signal ?? code ?? 0);
    });
  });
  const port = portOf(child, log, ended, name);
  port.catch(() => undefined);
  const signal = (which: NodeJS.Signals) => void child.kill(which);
  const endBy = (which: NodeJS.Signals) => {
    signal(which);
    return ended;
  };
  return {
    name,
    pid: child.pid ?? 0,
    log,
    port,
    ended,
    signal,
    stop: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
  };
}

function portOf(child: ChildProcess, log: LogLine[], ended: Promise<unknown>, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const read = (line: string) => {
      const parsed = parse(line);
      log.push(parsed);
      if (log.length > MAX_LOG_LINES) log.shift();
      if (parsed.msg === `${name} listens` && parsed.port !== undefined) resolve(parsed.port);
    };
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', read);
    void ended.then((how) => {
      const last = log.slice(-10).map((line) => line.msg);
      reject(new Error(`${name} ended (${how}) before it listened:\n${last.join('\n')}`));
    });
  });
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line, level: 60 };
  }
}
