import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../servers/guard.js';
import { stopLeftovers } from '../servers/run-records.js';

/** Creates a folder that every account can pass but not list, because PostgreSQL's account must reach its folder inside. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tallyline-'));
  await chmod(dir, 0o711);
  return dir;
}

export interface TemporaryRun {
  readonly dir: string;
  readonly runDir: string;
  /** Stops the servers that were recorded in `runDir` and removes `dir`. */
  stop(): Promise<void>;
}

/** Creates a folder for servers. If this process is killed, the guard stops them and removes the folder. */
export async function temporaryRun(): Promise<TemporaryRun> {
  const dir = await temporaryDir();
  const runDir = join(dir, 'run');
  startGuard(runDir, dir);
  const stop = async () => {
    await stopLeftovers(runDir);
    await rm(dir, { recursive: true, force: true });
  };
  return { dir, runDir, stop };
}
