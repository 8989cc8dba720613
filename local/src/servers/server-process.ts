import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { askToStop, killGroup } from '../start/process-identity.js';
import { forgetRun, recordRun } from '../start/run-records.js';

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** A log file, or the terminal of the person who started us. */
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
  /** Resolves when the process has ended, with how it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const LOG_LINES_SHOWN = 15;

/**
 * Starts a server in a session of its own: Ctrl-C in a terminal signals the whole foreground group, and a database
 * that stops at once, before the services have drained, is not an orderly stop.
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
  let over = false;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start: ${await ended}`);
  void ended.then(() => {
    over = true;
    // Its port mapper may still be there: that record is dropped by whoever stops the broker.
    if (options.epmdPort === undefined) forgetRun(options.runDir, name);
  });
  const { stage, stopSignal, stopTimeoutMs, epmdPort } = options;
  recordRun(options.runDir, {
    name,
    stage,
    pid,
    stopSignal,
    stopTimeoutMs,
    ...(epmdPort === undefined ? {} : { epmdPort }),
  });

  return {
    name,
    pid,
    ended,
    hasEnded: () => over,
    async stop() {
      if (over) return;
      askToStop(pid, stopSignal);
      const tooLate = setTimeout(() => killGroup(pid), stopTimeoutMs);
      await ended;
      clearTimeout(tooLate);
    },
    async kill() {
      if (!over) killGroup(pid);
      await ended;
    },
  };
}

/** Waits for the ready check, but no longer than the process lives; its last log lines say why it did not. */
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
