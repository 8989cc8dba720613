import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));
const settingNames = [...readFileSync(`${repositoryRoot}.env.example`, 'utf8').matchAll(/^(\w+)=/gm)].map(
  ([, name]) => name,
);

/** The environment without settings of the suite or of Compose, which must not reach the project under test. */
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !settingNames.includes(name) && !name.startsWith('COMPOSE_')),
);

/** One Compose project. It runs on the defaults, or with `.env.example` as if a reader had copied it to `.env`. */
export interface ComposeProject {
  readonly name: string;
  readonly envFile?: '.env.example';
  /** Compose files, relative to the root of the repository. The default is docker-compose.yml alone. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Aborts the running command. */
  readonly signal?: AbortSignal;
}

/** Running commands. A command that was signalled still creates containers until it has ended. */
const running = new Set<Promise<unknown>>();

/** Runs `docker compose …` for the project and returns its stdout. If it fails, the error has the end of its output. */
export async function compose(project: ComposeProject, ...args: readonly string[]): Promise<string> {
  project.signal?.throwIfAborted();
  const envFile = project.envFile ?? devNull;
  const files = (project.files ?? []).flatMap((file) => ['-f', file]);
  const command = new Promise<string>((resolve, reject) => {
    // The command has its own process group, so a Ctrl-C in the terminal does not reach it: run.ts stops it in order.
    const child = spawn(
      'docker',
      ['compose', '-p', project.name, '--env-file', envFile, ...files, '--progress', 'plain', ...args],
      {
        cwd: repositoryRoot,
        env: { ...cleanEnvironment, ...project.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    const abort = () => child.kill('SIGTERM');
    project.signal?.addEventListener('abort', abort, { once: true });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      project.signal?.removeEventListener('abort', abort);
      if (code === 0) resolve(stdout);
      else reject(new Error(`docker compose ${args.join(' ')} ended with ${code}:\n${output.trim().slice(-3_000)}`));
    });
  });
  running.add(command);
  return command.finally(() => running.delete(command));
}

/** Removes the containers, networks, volumes and built images of the project. */
export async function takeDown(project: ComposeProject): Promise<void> {
  await Promise.allSettled(running);
  await compose(project, 'down', '--volumes', '--rmi', 'local', '--remove-orphans', '--timeout', '10');
}

export interface ContainerFacts {
  readonly service: string;
  readonly state: string;
  readonly health: string;
  readonly exitCode: number;
}

/** Lists every container of the project, also the stopped ones. */
export async function containers(project: ComposeProject): Promise<ContainerFacts[]> {
  const lines = (await compose(project, 'ps', '--all', '--format', 'json')).trim();
  return lines.split('\n').map((line) => {
    const { Service, State, Health, ExitCode } = JSON.parse(line);
    return { service: Service, state: State, health: Health, exitCode: ExitCode };
  });
}
