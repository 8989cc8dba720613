import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT = 'postgres';

/**
 * Returns the account to run PostgreSQL with, because PostgreSQL refuses to run as root: the system account `postgres`,
 * which is created if it does not exist. Returns undefined when this process does not run as root.
 */
export async function postgresAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known !== undefined) return known;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ACCOUNT]);
  } catch (error) {
    throw new Error(
      `PostgreSQL does not run as root, and creating the account "${ACCOUNT}" for it failed: ${error}. Create it, or run as another user.`,
    );
  }
  const created = await lookUp();
  if (created === undefined) throw new Error(`the account "${ACCOUNT}" was created, but "id" does not find it`);
  return created;
}

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', ACCOUNT]), run('id', ['-g', ACCOUNT])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Returns the first folder on the way to `path` that the account cannot enter, such as a home folder of mode 0700. */
export async function closedFolderOnTheWay(account: Account, path: string): Promise<string | undefined> {
  const folders: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder)) folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const { uid, gid, mode } = await stat(folder);
    const mayPass = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
    if (mayPass === 0) return folder;
  }
  return undefined;
}
