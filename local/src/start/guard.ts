import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/**
 * A supervisor killed with SIGKILL cannot stop its servers. This small process outlives it, notices that the pipe
 * between them closed, and stops what the run records still name. After an orderly stop it finds nothing to do.
 */
export function startGuard(runDir: string, temporaryDir?: string): void {
  const program = fileURLToPath(new URL('./guard-process.js', import.meta.url));
  const guard = spawn(process.execPath, [program, runDir, ...(temporaryDir === undefined ? [] : [temporaryDir])], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.unref();
  (guard.stdin as Socket).unref();
}
