import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import type { Suite } from './suite.js';

/** For every test of a file that runs commands: each is a process, a second on an idle machine, five on a busy one. */
jest.setTimeout(120_000);

const mains = {
  archive: 'archive/dist/main.js',
  'dead-letters': 'consumer-service/dist/operations/dead-letters.main.js',
  replay: 'command-service/dist/operations/replay.main.js',
  rebuild: 'consumer-service/dist/operations/rebuild.main.js',
  demo: 'demo/dist/main.js',
  normalise: 'operations/dist/normalise.main.js',
  verify: 'operations/dist/verify.main.js',
} as const;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command works: a whole suite, or databases alone. */
type Place = Pick<Suite, 'writeDatabaseUrl' | 'readDatabaseUrl'> & Partial<Pick<Suite, 'brokerUrl'>>;

/** Runs an operator's command, built, against a test's own servers: what its npm script runs. */
export function runCommand(place: Place, name: keyof typeof mains, ...args: string[]): Promise<CommandResult> {
  return startCommand(place, name, ...args).ended;
}

/** The demo, as the customers of a suite. */
export function runDemo(suite: Suite, ...options: string[]): Promise<CommandResult> {
  return runCommand(suite, 'demo', '--command', suite.command.url, '--query', suite.query.url, ...options);
}

export function startCommand(place: Place, name: keyof typeof mains, ...args: string[]) {
  const child = spawnCommand(place, name, args);
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

/** With options for Node, and with its output left to be read. */
export function spawnCommand(place: Place, name: keyof typeof mains, args: string[], nodeOptions: string[] = []) {
  const main = fileURLToPath(new URL(`../../${mains[name]}`, import.meta.url));
  return spawn(process.execPath, [...nodeOptions, main, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      WRITE_DATABASE_URL: place.writeDatabaseUrl,
      READ_DATABASE_URL: place.readDatabaseUrl,
      BROKER_URL: place.brokerUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
