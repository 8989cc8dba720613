import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closedFolderOnTheWay, postgresAccount } from '../servers/postgres-account.js';
import { repositoryRoot } from '../servers/schema.js';

export const dataDir = join(repositoryRoot, '.data');
export const logDir = join(dataDir, 'logs');
export const runDir = join(dataDir, 'run');

/** PostgreSQL's account can reach the data of this clone in this folder. Root can always create it. */
const clone = createHash('sha256').update(repositoryRoot).digest('hex').slice(0, 8);
const sharedDir = join('/var/lib/tallyline', clone);

/**
 * Returns the data folder of a database: `.data/<name>`, or a folder elsewhere with a link in `.data` if PostgreSQL's
 * account cannot enter the clone, for example below root's home. If the link is missing, the user has removed `.data`,
 * so the data elsewhere is removed as well.
 */
export async function postgresDataDir(name: string): Promise<string> {
  const wanted = join(dataDir, name);
  const account = await postgresAccount();
  if (account === undefined || !(await closedFolderOnTheWay(account, dirname(wanted)))) return wanted;
  const place = join(sharedDir, name);
  if (!existsSync(wanted)) {
    rmSync(place, { recursive: true, force: true });
    rmSync(wanted, { force: true });
    mkdirSync(sharedDir, { recursive: true, mode: 0o755 });
    symlinkSync(place, wanted);
  }
  return place;
}

/** Removes all data of this clone except the run records. */
export function dropData(): void {
  rmSync(sharedDir, { recursive: true, force: true });
  const entries = existsSync(dataDir) ? readdirSync(dataDir) : [];
  for (const entry of entries.map((name) => join(dataDir, name)).filter((path) => path !== runDir)) {
    rmSync(entry, { recursive: true, force: true });
  }
}
