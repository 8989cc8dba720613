import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A pid alone may by now belong to somebody else; with the time it started it names one process for ever. */
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

/** A polite stop is for the leader alone: Erlang's helper processes are its to stop, and without them it hangs for seconds. */
export function askToStop(pid: number, signal: NodeJS.Signals): void {
  send(pid, signal);
}

/** To the whole group when there is one: a shell wrapper or a helper process goes with its leader. */
export function killGroup(pid: number): void {
  if (!send(-pid, 'SIGKILL')) send(pid, 'SIGKILL');
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}
