import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface CommandResult {
  /** The exit code, or the signal that ended the command. */
  readonly code: number | string;
  readonly output: string;
}

/** Runs a built command with only these variables, outside the clone so that it does not read `.env`. */
export function runBuiltCommand(
  main: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const options = { cwd: tmpdir(), env: { PATH: process.env.PATH, ...variables }, killSignal: 'SIGKILL' as const };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { ...options, ...(signal && { signal }) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? error.signal ?? error.message);
      resolve({ code, output: `${stdout}${stderr}`.trim() });
    });
  });
}
