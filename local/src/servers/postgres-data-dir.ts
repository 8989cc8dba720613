import { execFile } from 'node:child_process';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type Account, closedFolderOnTheWay } from './postgres-account.js';
import type { PostgresBinaries } from './postgres-binaries.js';

const run = promisify(execFile);

/** Made under another name and renamed when whole: an interrupted first start leaves nothing that looks finished. */
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
    if (closed !== undefined) throw new Error(`PostgreSQL's account cannot enter ${closed} to reach ${dataDir}`);
    for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await run(binaries.initdb, ['-D', unfinished, ...access, ...locale], {
      env: postgresEnvironment(),
      cwd: '/',
      ...account,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, dataDir);
}

/** Nothing of the person's PG* variables may bend our server. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
