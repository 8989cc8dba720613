import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault, Strike } from '../fault.js';
import { untilFlowing, untilInSync } from '../recovery.js';
import type { World } from '../world/world.js';

const DOUBT = 'write-database-changed';

/** A standby with every commit becomes the primary. The read side cannot know that no commit is missing. */
const promoted: Fault = {
  name: 'write-database-promoted',
  strike: async (strike) => {
    const { world } = strike;
    const { write } = world.servers;
    await write.restart(() => writeFile(join(write.dataDir, 'standby.signal'), ''));
    await withClient(write.url('postgres'), (client) => client.query('SELECT pg_promote()'));
    const detail = await doubted(world);
    await untilFlowing(strike);
    await strike.shoppers.pause();
    await accept(world, 0);
    await untilInSync(strike);
    strike.shoppers.resume();
    return { proof: `sync-status said: ${detail}; then both sides were compared` };
  },
};

/** Restores an older copy of the data directory. Newer orders are then in the views alone. */
const putBack: Fault = {
  name: 'write-database-put-back',
  replacesHistory: true,
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const { write } = world.servers;
    const copies = { older: `${write.dataDir}-older`, newer: `${write.dataDir}-newer` };
    const keep = (copy: string) => write.restart(() => copyAll(write.dataDir, copy));
    const put = (copy: string) =>
      write.restart(async () => {
        await rm(write.dataDir, { recursive: true });
        await copyAll(copy, write.dataDir);
      });
    try {
      await shoppers.pause();
      await keep(copies.older);
      shoppers.resume();
      await shoppers.moreAccepted(60, 60_000);
      await shoppers.pause();
      await untilInSync(strike);
      await keep(copies.newer);
      await put(copies.older);
      const detail = await doubted(world);
      // The views have orders that this database does not have, so `verify --accept` must refuse it.
      await accept(world, 1);
      await put(copies.newer);
      await untilFlowing(strike);
      await accept(world, 0);
      await untilInSync(strike);
      shoppers.resume();
      return { proof: `60 orders were taken back; sync-status said: ${detail}; verify saw the difference` };
    } finally {
      for (const copy of Object.values(copies)) await rm(copy, { recursive: true, force: true });
    }
  },
};

/** `cp -a` keeps the owner, which PostgreSQL checks. */
async function copyAll(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to]);
}

async function doubted(world: World): Promise<string> {
  return eventually(
    async () => {
      const url = `${world.one('query-service').process.url}/api/analytics/sync-status`;
      const said = (await (await fetch(url)).json()) as { status: string; reasons: { code: string; detail: string }[] };
      const reason = said.reasons.find(({ code }) => code === DOUBT);
      if (reason === undefined) throw new Error(`the new history is not doubted: ${JSON.stringify(said)}`);
      return reason.detail;
    },
    { timeoutMs: 40_000, intervalMs: 50 },
  );
}

/** Runs `npm run verify -- --accept` as an operator does. Throws when it ends with another code than expected. */
function accept(world: Strike['world'], expected: 0 | 1): Promise<void> {
  const main = join(repositoryRoot, 'operations/dist/verify.main.js');
  const env = { PATH: process.env.PATH, WRITE_DATABASE_URL: world.writeUrl, READ_DATABASE_URL: world.readUrl };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, '--accept'], { cwd: tmpdir(), env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (code === expected) resolve();
      else reject(new Error(`verify --accept ended with ${code}, not ${expected}: ${stdout}${stderr}`));
    });
  });
}

export const otherHistory: readonly Fault[] = [promoted, putBack];
