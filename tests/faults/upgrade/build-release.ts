import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '@tallyline/local/servers/schema';
import { linkDependencies } from '@tallyline/local/testing/link-dependencies';
import { temporaryDir } from '@tallyline/local/testing/temporary-dir';
import { type Release, thisRelease, versionIn } from '../world/release.js';

export interface BuiltRelease extends Release {
  remove(): Promise<void>;
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** Builds a commit of this repository in a temporary folder. Packages are installed only if it needs others than this checkout. */
export async function buildRelease(ref: string): Promise<BuiltRelease> {
  const commit = resolveCommit(ref);
  const dir = await temporaryDir();
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const archive = execFileSync('git', ['archive', commit], { cwd: repositoryRoot, maxBuffer: 1e9 });
    execFileSync('tar', ['-x', '-C', dir], { input: archive });
    if (packagesOf(dir) === packagesOf(repositoryRoot)) await linkDependencies(repositoryRoot, dir);
    else run(dir, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
    run(dir, process.execPath, join(dir, 'node_modules/typescript/bin/tsc'), '-b');
    return { name: commit.slice(0, 7), version: versionIn(dir), dir, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The newest commit of the last release in CHANGELOG.md that is not the release of this checkout. */
export function lastRelease(): string {
  const changelog = readFileSync(join(repositoryRoot, 'CHANGELOG.md'), 'utf8');
  const versions = [...changelog.matchAll(/^## \[(\d[^\]]*)\]/gm)].map(([, version]) => version);
  const last = versions.find((version) => version !== thisRelease.version);
  for (const commit of git('log', '--first-parent', '--format=%H', '--', 'package.json').split('\n')) {
    const before = `${commit}^`;
    if (last !== undefined && versionAt(before) === last) return git('rev-parse', before);
  }
  throw new Error(`no commit of release ${last} is in this clone; a shallow clone needs: git fetch --unshallow`);
}

function versionAt(ref: string): string | undefined {
  try {
    return JSON.parse(git('show', `${ref}:package.json`)).version;
  } catch {
    return undefined;
  }
}

function resolveCommit(ref: string): string {
  try {
    return git('rev-parse', '--verify', `${ref}^{commit}`);
  } catch {
    throw new Error(`there is no commit ${ref} in this clone; a shallow clone needs: git fetch --unshallow`);
  }
}

/** The third-party packages of a lock file with their versions, without our own. */
function packagesOf(dir: string): string {
  const { packages } = JSON.parse(readFileSync(join(dir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; link?: boolean }>;
  };
  const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
  return installed.map(([path, { version }]) => `${path}@${version}`).join('\n');
}

function run(cwd: string, command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
