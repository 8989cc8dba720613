import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Suite } from './suite.js';

const mains = {
  archive: 'archive/dist/main.js',
  'dead-letters': 'consumer-service/dist/operations/dead-letters.main.js',
  replay: 'command-service/dist/operations/replay.main.js',
  rebuild: 'consumer-service/dist/operations/rebuild.main.js',
  verify: 'operations/dist/verify.main.js',
} as const;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an operator's command, built, against the suite's own servers: what its npm script runs. */
export function runCommand(suite: Suite, name: keyof typeof mains, ...args: string[]): Promise<CommandResult> {
  return startCommand(suite, name, ...args).ended;
}

export function startCommand(suite: Suite, name: keyof typeof mains, ...args: string[]) {
  const main = fileURLToPath(new URL(`../../${mains[name]}`, import.meta.url));
  const child = spawn(process.execPath, [main, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      WRITE_DATABASE_URL: suite.writeDatabaseUrl,
      READ_DATABASE_URL: suite.readDatabaseUrl,
      BROKER_URL: suite.brokerUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
