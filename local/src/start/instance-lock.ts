import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, startTimeOf } from '../servers/process-identity.js';

const FILE = 'instance.lock';

/** The pid of the `npm start` that owns this folder, if it is running. */
export function runningInstance(runDir: string): number | undefined {
  try {
    const { pid, startTime } = JSON.parse(readFileSync(join(runDir, FILE), 'utf8')) as {
      pid: number;
      startTime: string;
    };
    return isAlive(pid, startTime) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Allows one `npm start` at a time. A second one would stop the servers of the first one as leftovers. */
export function claimInstance(runDir: string, refusal: (pid: number) => string): void {
  mkdirSync(runDir, { recursive: true });
  const other = runningInstance(runDir);
  if (other !== undefined) throw new Error(refusal(other));
  writeFileSync(join(runDir, FILE), JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
}

export function releaseInstance(runDir: string): void {
  rmSync(join(runDir, FILE), { force: true });
}
