import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Pids are reused. The pid together with the start time identifies one process. */
export function startTimeOf(pid: number | undefined): string | undefined {
  if (pid === undefined) return undefined;
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8' }).trim() || undefined;
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    return state === 'Z' ? undefined : startTicks;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number, startTime: string): boolean {
  return startTimeOf(pid) === startTime;
}

/** Signals only the process, not its group: Erlang stops its helper processes itself, and hangs if they are gone. */
export function sendStopSignal(pid: number, signal: NodeJS.Signals): void {
  send(pid, signal);
}

/**
 * Kills the process with its group and its children. A backend of PostgreSQL has a group of its own and, if
 * it stayed alive, might answer one more query before it notices that its server is gone.
 */
export function killGroup(pid: number): void {
  const children = childrenOf(pid);
  if (!send(-pid, 'SIGKILL')) send(pid, 'SIGKILL');
  for (const child of children) send(child, 'SIGKILL');
}

function childrenOf(pid: number): number[] {
  try {
    const listed =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        : execFileSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' });
    return listed.split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}
