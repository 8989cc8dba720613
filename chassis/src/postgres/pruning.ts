import type { Logger } from '../process/logger.js';
import { type Loop, startLoop } from '../process/loop.js';
import { tryLock } from './advisory-lock.sql.js';
import { type Pool, type Tx, withTransaction } from './pool.js';

/** Deleting 1,000 rows takes about 10 ms, so other transactions wait no longer than that for the disk or a lock. */
export const PRUNE_BATCH_SIZE = 1_000;
/** The pause between batches keeps a large clean-up, at 5,000 rows a second, from slowing down the service's own work. */
const PAUSE_MS = 200;
const IDLE_MS = 60_000;

export interface PruningOptions {
  readonly name: string;
  readonly pool: Pool;
  readonly log: Logger;
  /** Deletes one batch of rows past retention and returns their number. */
  readonly prune: (tx: Tx) => Promise<number>;
}

/** Deletes old rows in small batches until stopped. With several replicas, only one works at a time. */
export function startPruning({ name, pool, log, prune }: PruningOptions): Loop {
  const loop = startLoop(`prune ${name}`, log, {
    idleMs: IDLE_MS,
    turn: async () => {
      const deleted = await pruneOnce(pool, name, prune);
      if (deleted > 0) log.debug({ deleted }, `pruned ${name}`);
      if (deleted === PRUNE_BATCH_SIZE) setTimeout(() => loop.wake(), PAUSE_MS).unref();
      return 'idle';
    },
  });
  return loop;
}

/** Deletes one batch, or nothing while another replica is deleting. */
export function pruneOnce(pool: Pool, name: string, prune: (tx: Tx) => Promise<number>): Promise<number> {
  return withTransaction(pool, `prune ${name}`, async (tx) => ((await tryLock(tx, `prune ${name}`)) ? prune(tx) : 0));
}
