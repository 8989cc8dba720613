import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { killGroup, sendStopSignal } from './process-identity.js';
import { recordRun, removeRecord } from './run-records.js';

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** The server writes to this log file or to our own output. */
  readonly output: { readonly file: string } | 'inherit';
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly runDir: string;
  readonly stage: number;
  readonly epmdPort?: number;
}

export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves with `exit code 1` or `SIGKILL`, for example, when the process has ended. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const LOG_LINES_SHOWN = 15;

/**
 * Starts a server in its own session. Ctrl-C in a terminal signals the whole foreground group, and the databases must
 * not stop before the services have finished their work.
 */
export async function startServerProcess(options: ServerCommand): Promise<ServerProcess> {
  const { name, output } = options;
  if (output !== 'inherit') mkdirSync(dirname(output.file), { recursive: true });
  const log = output === 'inherit' ? 'inherit' : openSync(output.file, 'a');
  const child = spawn(options.command, options.args, {
    env: options.env,
    cwd: options.cwd,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
    detached: true,
    stdio: ['ignore', log, log],
  });
  if (log !== 'inherit') closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => resolve(error.message));
  });
  let hasEnded = false;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start: ${await ended}`);
  void ended.then(() => {
    hasEnded = true;
    // The port mapper of a broker may still run. The code that stops the broker removes that record.
    if (options.epmdPort === undefined) removeRecord(options.runDir, name);
  });
  const { runDir, stage, stopSignal, stopTimeoutMs, epmdPort } = options;
  recordRun(runDir, { name, stage, pid, stopSignal, stopTimeoutMs, ...(epmdPort !== undefined && { epmdPort }) });

  return {
    name,
    pid,
    ended,
    hasEnded: () => hasEnded,
    async stop() {
      if (hasEnded) return;
      sendStopSignal(pid, stopSignal);
      const tooLate = setTimeout(() => killGroup(pid), stopTimeoutMs);
      await ended;
      clearTimeout(tooLate);
    },
    async kill() {
      if (!hasEnded) killGroup(pid);
      await ended;
    },
  };
}

/** Waits for the ready check. If the process ends first, the error contains its last log lines. */
export async function untilReady(server: ServerProcess, logFile: string, ready: Promise<unknown>): Promise<void> {
  const died = server.ended.then((how) => {
    throw new Error(`${server.name} stopped while starting (${how}).\n${lastLines(logFile)}`);
  });
  died.catch(() => undefined);
  ready.catch(() => undefined);
  await Promise.race([ready, died]);
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
}
