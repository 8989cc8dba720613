import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closedFolderOnTheWay, postgresAccount } from './postgres-account.js';
import { repositoryRoot } from './schema.js';

export const dataDir = join(repositoryRoot, '.data');
export const logDir = join(dataDir, 'logs');
export const runDir = join(dataDir, 'run');

/** Where root can always make a folder that PostgreSQL's account reaches. */
const ELSEWHERE = '/var/lib/tallyline';

/**
 * `.data/<name>`, or, in a clone that PostgreSQL's account cannot enter (root's home is closed to it), a folder
 * elsewhere with a link in `.data`. Without the link its data counts as dropped: removing `.data` removes everything.
 */
export async function postgresDataDir(name: string): Promise<string> {
  const wanted = join(dataDir, name);
  const account = await postgresAccount();
  if (account === undefined || !(await closedFolderOnTheWay(account, dirname(wanted)))) return wanted;
  const clone = createHash('sha256').update(repositoryRoot).digest('hex').slice(0, 8);
  const place = join(ELSEWHERE, clone, name);
  if (!existsSync(wanted)) {
    rmSync(place, { recursive: true, force: true });
    rmSync(wanted, { force: true });
    mkdirSync(place, { recursive: true, mode: 0o755 });
    symlinkSync(place, wanted);
  }
  return place;
}

/** Everything but the run records, with what the links point to. */
export function dropData(): void {
  if (!existsSync(dataDir)) return;
  for (const entry of readdirSync(dataDir)) {
    const path = join(dataDir, entry);
    if (path === runDir) continue;
    if (lstatSync(path).isSymbolicLink() && existsSync(path)) rmSync(realpathSync(path), { recursive: true });
    rmSync(path, { recursive: true, force: true });
  }
}
