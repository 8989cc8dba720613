import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type ServiceName = 'command-service' | 'consumer-service' | 'query-service';

/** A real process of a service, as a test, a measurement or a fault sees it. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly url: string;
  readonly pid: number;
  /** The newest log lines, parsed, oldest first. */
  readonly log: readonly LogLine[];
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and resolves when it has ended. */
  stop(): Promise<number | NodeJS.Signals>;
  /** SIGKILL, and resolves when it has ended. */
  kill(): Promise<number | NodeJS.Signals>;
}

export type LogLine = { readonly msg: string; readonly level: number; readonly port?: number } & Record<
  string,
  unknown
>;

const MAX_LOG_LINES = 5_000;
const PORT_VARIABLES: Readonly<Record<ServiceName, string>> = {
  'command-service': 'COMMAND_SERVICE_PORT',
  'consumer-service': 'CONSUMER_SERVICE_PORT',
  'query-service': 'QUERY_SERVICE_PORT',
};

/**
 * Starts the built service on a free port and resolves when it listens. Only `env` reaches it, and it runs outside the
 * checkout, so that a `.env` of the person who runs this changes nothing. Rejects with its last lines if it ends first.
 */
export async function startServiceProcess(
  name: ServiceName,
  env: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL(`../../${name}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, main], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, [PORT_VARIABLES[name]]: '0', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const log: LogLine[] = [];
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      process.removeListener('exit', killWithUs);
      resolve(signal ?? code ?? 0);
    });
  });
  const port = await portOf(child, log, ended, name);
  const signal = (which: NodeJS.Signals) => void child.kill(which);
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    log,
    ended,
    signal,
    stop: () => {
      signal('SIGTERM');
      return ended;
    },
    kill: () => {
      signal('SIGKILL');
      return ended;
    },
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
