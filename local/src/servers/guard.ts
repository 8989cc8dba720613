import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stopLeftovers } from './run-records.js';

const thisFile = fileURLToPath(import.meta.url);

/**
 * Starts the guard: a small process that outlives its parent. A parent killed with SIGKILL cannot stop its servers. The
 * guard notices that the pipe between the two closed, stops the servers that the run records still name, and removes the
 * temporary folder. After an orderly stop there is nothing left for it to do.
 */
export function startGuard(runDir: string, temporaryDir?: string): void {
  const guard = spawn(process.execPath, [thisFile, runDir, ...(temporaryDir === undefined ? [] : [temporaryDir])], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.unref();
  (guard.stdin as Socket).unref();
}

async function guard(runDir: string, temporaryDir: string | undefined): Promise<void> {
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('close', resolve));
  await stopLeftovers(runDir);
  if (temporaryDir !== undefined) await rm(temporaryDir, { recursive: true, force: true });
}

const [, program, runDir, temporaryDir] = process.argv;
if (program === thisFile && runDir !== undefined) await guard(runDir, temporaryDir);
