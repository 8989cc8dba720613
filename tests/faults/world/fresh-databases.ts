import { randomBytes } from 'node:crypto';
import { withClient } from '@tallyline/local/servers/schema';
import { openTestPool } from '@tallyline/local/testing/test-databases';
import type pg from 'pg';
import { prepareDatabases, type Release } from './release.js';
import type { Servers } from './servers.js';

export interface FreshDatabases {
  readonly writeUrl: string;
  readonly readUrl: string;
  /** The oracle uses these pools, which bypass the proxies. */
  readonly write: pg.Pool;
  readonly read: pg.Pool;
  drop(): Promise<void>;
}

/** Creates new databases for each round, so that its result is independent of other rounds. */
export async function createFreshDatabases({ write, read }: Servers, release: Release): Promise<FreshDatabases> {
  const name = `round_${randomBytes(4).toString('hex')}`;
  const [writeUrl, readUrl] = [write.url(name), read.url(name)];
  await prepareDatabases(release, { writeUrl, readUrl });
  const pools = [writeUrl, readUrl].map((url) => openTestPool(url, 3));
  return {
    writeUrl,
    readUrl,
    write: pools[0] as pg.Pool,
    read: pools[1] as pg.Pool,
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      for (const server of [write, read]) {
        await withClient(server.url('postgres'), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
      }
    },
  };
}
