import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closedFolderOnTheWay, postgresAccount } from '../servers/postgres-account.js';
import { repositoryRoot } from '../servers/schema.js';

export const dataDir = join(repositoryRoot, '.data');
export const logDir = join(dataDir, 'logs');
export const runDir = join(dataDir, 'run');

/** Where root can always make a folder that PostgreSQL's account reaches; one for each clone. */
const clone = createHash('sha256').update(repositoryRoot).digest('hex').slice(0, 8);
const elsewhere = join('/var/lib/tallyline', clone);

/**
 * `.data/<name>`, or, in a clone that PostgreSQL's account cannot enter (root's home is closed to it), a folder
 * elsewhere with a link in `.data`. Without the link its data counts as dropped: removing `.data` removes everything.
 */
export async function postgresDataDir(name: string): Promise<string> {
  const wanted = join(dataDir, name);
  const account = await postgresAccount();
  if (account === undefined || !(await closedFolderOnTheWay(account, dirname(wanted)))) return wanted;
  const place = join(elsewhere, name);
  if (!existsSync(wanted)) {
    rmSync(place, { recursive: true, force: true });
    rmSync(wanted, { force: true });
    mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
    symlinkSync(place, wanted);
  }
  return place;
}

/** Everything but the run records. */
export function dropData(): void {
  rmSync(elsewhere, { recursive: true, force: true });
  const entries = existsSync(dataDir) ? readdirSync(dataDir) : [];
  for (const entry of entries.map((name) => join(dataDir, name)).filter((path) => path !== runDir)) {
    rmSync(entry, { recursive: true, force: true });
  }
}
