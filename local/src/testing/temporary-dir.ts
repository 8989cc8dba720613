import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Open for passing through, not for listing: PostgreSQL's account must get to its own folder inside. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tallyline-'));
  await chmod(dir, 0o711);
  return dir;
}
