import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface CommandResult {
  /** The exit code, or the signal that ended the command. */
  readonly code: number | string;
  readonly output: string;
}

/**
 * Runs a built command with only these variables, outside the clone so that it does not read `.env`. With `killAfterMs`, it is
 * killed that long after its first line of output, if it has not ended by then.
 */
export function runBuiltCommand(
  main: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  killAfterMs?: number,
): Promise<CommandResult> {
  const options = { cwd: tmpdir(), env: { PATH: process.env.PATH, ...variables } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? error.signal ?? error.message);
      resolve({ code, output: `${stdout}${stderr}`.trim() });
    });
    if (killAfterMs !== undefined)
      child.stdout?.once('data', () => setTimeout(() => child.kill('SIGKILL'), killAfterMs));
  });
}
