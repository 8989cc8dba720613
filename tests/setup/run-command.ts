import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import type { Suite } from './suite.js';

/** Each command is a process that takes seconds on a busy machine. This limit holds for every test of an importing file. */
jest.setTimeout(120_000);

const mains = {
  archive: 'archive/dist/main.js',
  'dead-letters': 'consumer-service/dist/operations/dead-letters.main.js',
  replay: 'command-service/dist/operations/replay.main.js',
  rebuild: 'consumer-service/dist/operations/rebuild.main.js',
  demo: 'demo/dist/main.js',
  migrate: 'operations/dist/migrate.main.js',
  normalise: 'operations/dist/normalise.main.js',
  verify: 'operations/dist/verify.main.js',
} as const;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The servers that a command works on: those of a whole suite, or the databases alone. */
type Servers = Pick<Suite, 'writeDatabaseUrl' | 'readDatabaseUrl'> & Partial<Pick<Suite, 'brokerUrl'>>;

/** Runs the built operator command that the npm script of this name runs, against the test's own servers. */
export function runCommand(servers: Servers, name: keyof typeof mains, ...args: string[]): Promise<CommandResult> {
  return startCommand(servers, name, ...args).ended;
}

/** Runs the demo, whose customers buy from this suite. */
export function runDemo(suite: Suite, ...options: string[]): Promise<CommandResult> {
  return runCommand(suite, 'demo', '--command', suite.command.url, '--query', suite.query.url, ...options);
}

export function startCommand(servers: Servers, name: keyof typeof mains, ...args: string[]) {
  const child = spawnCommand(servers, name, args);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<CommandResult>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended, stderr: () => stderr };
}

/** Starts the command with options for Node and leaves its output unread. */
export function spawnCommand(servers: Servers, name: keyof typeof mains, args: string[], nodeOptions: string[] = []) {
  const main = fileURLToPath(new URL(`../../${mains[name]}`, import.meta.url));
  return spawn(process.execPath, [...nodeOptions, main, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      WRITE_DATABASE_URL: servers.writeDatabaseUrl,
      READ_DATABASE_URL: servers.readDatabaseUrl,
      BROKER_URL: servers.brokerUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
