import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));
const settingNames = [...readFileSync(`${repositoryRoot}.env.example`, 'utf8').matchAll(/^(\w+)=/gm)].map(
  ([, name]) => name,
);

/** What the reader's shell says about the suite or about Compose must not reach the project under test. */
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !settingNames.includes(name) && !name.startsWith('COMPOSE_')),
);

/** One Compose project. Without an .env file it runs on the defaults; with `.env.example` as a reader would copy it. */
export interface ComposeProject {
  readonly name: string;
  readonly envFile?: '.env.example';
  /** Compose files, from the root of the repository; docker-compose.yml alone when left out. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends the command under way. */
  readonly signal?: AbortSignal;
}

/** Commands under way: one that was told to end still creates containers until it has. */
const underWay = new Set<Promise<unknown>>();

/** Runs `docker compose …` for the project and answers its stdout; throws with the end of its output if it fails. */
export async function compose(project: ComposeProject, ...args: readonly string[]): Promise<string> {
  project.signal?.throwIfAborted();
  const envFile = project.envFile ?? devNull;
  const files = (project.files ?? []).flatMap((file) => ['-f', file]);
  const command = new Promise<string>((resolve, reject) => {
    // In a process group of its own, a Ctrl-C in the terminal does not reach it: the run decides, and takes down in peace.
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
  underWay.add(command);
  return command.finally(() => underWay.delete(command));
}

/** Containers, networks, volumes and the images built: nothing of the project stays. */
export async function takeDown(project: ComposeProject): Promise<void> {
  await Promise.allSettled(underWay);
  await compose(project, 'down', '--volumes', '--rmi', 'local', '--remove-orphans', '--timeout', '10');
}

export interface ContainerFacts {
  readonly service: string;
  readonly state: string;
  readonly health: string;
  readonly exitCode: number;
}

/** Every container of the project, the stopped ones too. */
export async function containers(project: ComposeProject): Promise<ContainerFacts[]> {
  const lines = (await compose(project, 'ps', '--all', '--format', 'json')).trim();
  return lines.split('\n').map((line) => {
    const { Service, State, Health, ExitCode } = JSON.parse(line);
    return { service: Service, state: State, health: Health, exitCode: ExitCode };
  });
}
