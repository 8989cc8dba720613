import type { Progress } from '@tallyline/chassis/command-line/progress';
import { onPool, type Pool, type Queryable, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { viewTables } from '../projections/index.js';
import { countUnarchived, readMovedMonths } from './archived-events.sql.js';
import { fillShadowTables, type ShadowFilling, type Unreadable } from './fill-shadow-tables.js';
import {
  assertLocked,
  createShadowTables,
  dropShadowTables,
  stopConsumers,
  takeArchiveLock,
  takeRebuildLock,
} from './shadow-tables.sql.js';
import { acceptHistory, compareView, fillInbox, swapView, type ViewDifference } from './swap-views.sql.js';

export interface Rebuilt {
  readonly events: number;
  readonly differences: readonly ViewDifference[];
  readonly unreadable: readonly Unreadable[];
  /** Number of events that the live views include and the archive lacks. The rebuilt views lack them, too. */
  readonly unarchived: number;
  readonly swapped: boolean;
  readonly stoppedMs: number;
}

export interface RebuildOptions {
  readonly pool: Pool;
  /** A pool on the same database with SHADOW_SETTINGS. */
  readonly shadow: Pool;
  readonly progress: Progress;
  /** If true, the views are swapped even if rows differ. */
  readonly accept: boolean;
  /** INBOX_RETENTION_DAYS. */
  readonly inboxDays: number;
}

/**
 * Fills every view anew from the archive, in shadow tables beside the live views. Then it stops the consumers, adds the
 * events that came meanwhile, compares the tables and swaps the views. Returns undefined when another rebuild runs. Throws
 * while months of the archive are in the data lake, or are being moved.
 */
export function rebuild(options: RebuildOptions): Promise<Rebuilt | undefined> {
  const { pool, shadow, progress } = options;
  return withTransaction(pool, 'rebuild', async (guard) => {
    if (!(await takeRebuildLock(guard))) return undefined;
    if (!(await takeArchiveLock(guard)))
      throw new Error('an archive command is under way on this database: run rebuild again when it has ended');
    const db = onPool(pool);
    await refuseMovedMonths(db);
    await createShadowTables(db, viewTables);
    const filling = await fillShadowTables({ db, shadow, progress });
    const rebuilt = await withTransaction(pool, 'swap the views', (tx) => compareAndSwap(tx, filling, guard, options));
    await dropShadowTables(db);
    return rebuilt;
  });
}

/** Stops the consumers and folds the last events, so that the comparison sees every event. Then it swaps what may be swapped. */
async function compareAndSwap(
  tx: Tx,
  filling: ShadowFilling,
  guard: Tx,
  { progress, accept, inboxDays }: RebuildOptions,
): Promise<Rebuilt> {
  await stopConsumers(tx);
  await refuseMovedMonths(tx);
  const stoppedAt = performance.now();
  await filling.catchUp();
  const { events, unreadable } = filling;
  const unarchived = (await countUnarchived(tx)) - unreadable.length;
  const differences = await compareAll(tx, progress);
  // If the lock was lost, another rebuild may have dropped these shadow tables during the comparison. From here on it waits.
  await assertLocked(guard);
  const differs = differences.length > 0;
  const swapped = (accept || !differs) && unarchived === 0 && unreadable.length === 0;
  if (swapped) {
    for (const { table } of differences) await swapView(tx, table);
    await fillInbox(tx, inboxDays);
    if (accept) await acceptHistory(tx);
  }
  const stoppedMs = Math.round(performance.now() - stoppedAt);
  return { events, differences, unreadable, unarchived, swapped, stoppedMs };
}

async function refuseMovedMonths(db: Queryable): Promise<void> {
  const [first, ...others] = await readMovedMonths(db);
  if (first === undefined) return;
  const months = others.length === 0 ? first : `${first} and ${others.length} more month(s)`;
  throw new Error(`the events of ${months} are in the data lake: bring them back with npm run archive -- restore`);
}

async function compareAll(tx: Tx, progress: Progress): Promise<ViewDifference[]> {
  progress.part('comparing', viewTables.length);
  const differences: ViewDifference[] = [];
  for (const table of viewTables) {
    const difference = await compareView(tx, table);
    if (difference.count > 0) differences.push(difference);
    progress.advance(1);
  }
  return differences;
}
