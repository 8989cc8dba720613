import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault, Strike } from '../fault.js';
import { untilFlowing, untilSettled } from '../recovery.js';
import type { World } from '../world/world.js';

const DOUBT = 'write-database-changed';

/** A standby takes over as the primary, here one with every commit. Nobody on the read side can know that it has them all. */
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
    await untilSettled(strike);
    strike.shoppers.resume();
    return { proof: `sync-status said: ${detail}; then both sides were compared` };
  },
};

/** An older copy of the data directory is put back. The orders since then are in the views, and nowhere else. */
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
      await untilSettled(strike);
      await keep(copies.newer);
      await put(copies.older);
      const detail = await doubted(world);
      // The views have orders that this database does not know: nobody may accept that.
      await accept(world, 1);
      await put(copies.newer);
      await untilFlowing(strike);
      await accept(world, 0);
      await untilSettled(strike);
      shoppers.resume();
      return { proof: `60 orders were taken back; sync-status said: ${detail}; verify saw the difference` };
    } finally {
      for (const copy of Object.values(copies)) await rm(copy, { recursive: true, force: true });
    }
  },
};

/** With its owners, which PostgreSQL insists on. */
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

/** What an operator does after a look: `npm run verify -- --accept`. Throws when it ends in another way than expected. */
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
