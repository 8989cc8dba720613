import type { Progress } from '@tallyline/chassis/command-line/progress';
import { findOlderServices } from '@tallyline/chassis/heartbeats/heartbeats.sql';
import { onPool, type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { tablesOf } from '../projections/index.js';
import type { View } from '../projections/view.js';
import { markComplete, readViewHistory, registerViews } from '../view-history/view-history.sql.js';
import { countNotApplied, countUnarchived } from './archived-events.sql.js';
import { fillShadowTables, type ShadowFilling, type Unreadable } from './fill-shadow-tables.js';
import { refuseLaterRevisions, refuseMovedMonths, refuseOlderConsumers } from './refusals.js';
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
  /** The names of the rebuilt views when they were chosen. Undefined when all were rebuilt. */
  readonly chosen: readonly string[] | undefined;
  readonly events: number;
  readonly differences: readonly ViewDifference[];
  readonly unreadable: readonly Unreadable[];
  /** Number of events that the live views include and the archive lacks. The rebuilt views lack them, too. */
  readonly unarchived: number;
  /** How many archived events the other views lack, so that chosen views must not be ahead of them. */
  readonly notApplied: number;
  readonly swapped: boolean;
  /** Views that lacked history before and are complete now. */
  readonly completed: readonly string[];
  /** Views that still lack history because an older consumer may run. */
  readonly lacking: readonly string[];
  readonly stoppedMs: number;
}

export interface RebuildOptions {
  readonly pool: Pool;
  /** A pool on the same database with SHADOW_SETTINGS. */
  readonly shadow: Pool;
  readonly progress: Progress;
  /** All views of this code. */
  readonly views: readonly View[];
  /** The views to rebuild. When it is left out, all are rebuilt. */
  readonly chosen?: readonly View[] | undefined;
  /** If true, the views are swapped even if rows differ. */
  readonly accept: boolean;
  /** INBOX_RETENTION_DAYS. */
  readonly inboxDays: number;
  /** The version of this code: consumers of an older one may not fill the views that lack history. */
  readonly version: string;
}

/**
 * Fills views anew from the archive, in shadow tables beside the live views. Then it stops the consumers, adds the events
 * that came meanwhile, compares the tables and swaps the views. Returns undefined when another rebuild runs. Throws while
 * months of the archive are in the data lake, or are being moved.
 *
 * The inbox belongs to all views. So a rebuild of chosen views reads it and leaves it as it is: they get exactly the events
 * that the other views have.
 */
export function rebuild(options: RebuildOptions): Promise<Rebuilt | undefined> {
  const { pool, shadow, progress, views: all, chosen } = options;
  const views = chosen ?? all;
  return withTransaction(pool, 'rebuild', async (guard) => {
    if (!(await takeRebuildLock(guard))) return undefined;
    if (!(await takeArchiveLock(guard)))
      throw new Error('an archive command is under way on this database: run rebuild again when it has ended');
    const db = onPool(pool);
    await refuseMovedMonths(db);
    await registerViews(db, all);
    await refuseLaterRevisions(db, views);
    if (chosen) await refuseOlderConsumers(db, options.version);
    await createShadowTables(db, tablesOf(views));
    const filling = await fillShadowTables({ db, shadow, progress, views });
    const rebuilt = await withTransaction(pool, 'swap the views', (tx) =>
      compareAndSwap(tx, filling, guard, views, options),
    );
    await dropShadowTables(db);
    return rebuilt;
  });
}

/** Stops the consumers and folds the last events, so that the comparison sees every event. Then it swaps what may be swapped. */
async function compareAndSwap(
  tx: Tx,
  filling: ShadowFilling,
  guard: Tx,
  views: readonly View[],
  { progress, chosen, accept, inboxDays, version }: RebuildOptions,
): Promise<Rebuilt> {
  await stopConsumers(tx);
  await refuseMovedMonths(tx);
  await refuseLaterRevisions(tx, views);
  if (chosen) await refuseOlderConsumers(tx, version);
  const stoppedAt = performance.now();
  await filling.catchUp();
  const { events, unreadable } = filling;
  const unarchived = (await countUnarchived(tx)) - unreadable.length;
  const notApplied = chosen ? await countNotApplied(tx) : 0;
  const differences = await compareAll(tx, tablesOf(views), progress);
  const lackedBefore = (await readViewHistory(tx, views)).filter(({ complete }) => !complete).map(({ view }) => view);
  // A view that lacks history is expected to differ.
  const expected = tablesOf(views.filter(({ table }) => lackedBefore.includes(table)));
  const differs = differences.some(({ table }) => !expected.includes(table));
  // If the lock was lost, another rebuild may have dropped these shadow tables during the comparison. From here on it waits.
  await assertLocked(guard);
  const swapped = (accept || !differs) && unarchived === 0 && unreadable.length === 0 && notApplied === 0;
  let completed: readonly string[] = [];
  if (swapped) {
    for (const { table } of differences) await swapView(tx, table);
    if (!chosen) await fillInbox(tx, inboxDays);
    if (!chosen && accept) await acceptHistory(tx);
    const older = lackedBefore.length > 0 ? await findOlderServices(tx, 'consumer-service', version) : [];
    if (older.length === 0) completed = await markComplete(tx, views);
  }
  return {
    chosen: chosen?.map(({ table }) => table),
    events,
    differences,
    unreadable,
    unarchived,
    notApplied,
    swapped,
    completed,
    lacking: lackedBefore.filter((view) => !completed.includes(view)),
    stoppedMs: Math.round(performance.now() - stoppedAt),
  };
}

async function compareAll(tx: Tx, tables: readonly string[], progress: Progress): Promise<ViewDifference[]> {
  progress.part('comparing', tables.length);
  const differences: ViewDifference[] = [];
  for (const table of tables) {
    const difference = await compareView(tx, table);
    if (difference.count > 0) differences.push(difference);
    progress.advance(1);
  }
  return differences;
}
