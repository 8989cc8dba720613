import type { Progress } from '@tallyline/chassis/command-line/progress';
import { onPool, type Pool, type Queryable, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { viewTables } from '../projections/index.js';
import { countUnarchived, readMovedMonths } from './archived.sql.js';
import { type Filling, fillShadow } from './fill-shadow.js';
import type { Unreadable } from './fold-archived.js';
import {
  assertLocked,
  createShadow,
  dropShadow,
  stopConsumers,
  takeArchiveLock,
  takeRebuildLock,
} from './shadow.sql.js';
import { acceptHistory, differenceOf, takeOver, takeOverInbox, type ViewDifference } from './swap.sql.js';

export interface Rebuilt {
  readonly events: number;
  readonly differences: readonly ViewDifference[];
  readonly unreadable: readonly Unreadable[];
  /** Events in the live views that the archive does not hold: the new views lack them. */
  readonly unarchived: number;
  readonly tookOver: boolean;
  readonly stoppedMs: number;
}

export interface RebuildOptions {
  readonly pool: Pool;
  /** Of the same database, looking into the shadow schema first. */
  readonly shadow: Pool;
  readonly progress: Progress;
  /** Take over although rows differ. */
  readonly accept: boolean;
  /** So long the inbox remembers. */
  readonly inboxDays: number;
}

/**
 * Builds every view anew from the archive beside the live ones, compares, and takes over; see RebuildOptions. Undefined when
 * another rebuild is under way. Throws while months of the archive are in the data lake, or on their way.
 */
export function rebuild(options: RebuildOptions): Promise<Rebuilt | undefined> {
  const { pool, shadow, progress } = options;
  return withTransaction(pool, 'rebuild', async (guard) => {
    if (!(await takeRebuildLock(guard))) return undefined;
    if (!(await takeArchiveLock(guard)))
      throw new Error('an archive command is under way on this database: once more when it has ended');
    const db = onPool(pool);
    await refuseMoved(db);
    await createShadow(db, viewTables);
    const filling = await fillShadow({ db, shadow, progress });
    const rebuilt = await withTransaction(pool, 'take over the views', (tx) =>
      compareAndTakeOver(tx, filling, guard, options),
    );
    await dropShadow(db);
    return rebuilt;
  });
}

/** Nothing arrives any more when the last rest is folded, so what is compared is all that there is. */
async function compareAndTakeOver(
  tx: Tx,
  filling: Filling,
  guard: Tx,
  { progress, accept, inboxDays }: RebuildOptions,
): Promise<Rebuilt> {
  await stopConsumers(tx);
  await refuseMoved(tx);
  const stoppedAt = performance.now();
  await filling.catchUp();
  const { events, unreadable } = filling;
  const unarchived = (await countUnarchived(tx)) - unreadable.length;
  const differences = await compareAll(tx, progress);
  // Until here another rebuild might have dropped what is compared; from here on it waits.
  await assertLocked(guard);
  const differs = differences.length > 0;
  const tookOver = (accept || !differs) && unarchived === 0 && unreadable.length === 0;
  if (tookOver) {
    for (const { table } of differences) await takeOver(tx, table);
    await takeOverInbox(tx, inboxDays);
    if (accept) await acceptHistory(tx);
  }
  const stoppedMs = Math.round(performance.now() - stoppedAt);
  return { events, differences, unreadable, unarchived, tookOver, stoppedMs };
}

async function refuseMoved(db: Queryable): Promise<void> {
  const [first, ...others] = await readMovedMonths(db);
  if (first === undefined) return;
  const months = others.length === 0 ? first : `${first} and ${others.length} more month(s)`;
  throw new Error(`the events of ${months} are in the data lake: bring them back with npm run archive -- restore`);
}

async function compareAll(tx: Tx, progress: Progress): Promise<ViewDifference[]> {
  progress.part('comparing', viewTables.length);
  const differences: ViewDifference[] = [];
  for (const table of viewTables) {
    const difference = await differenceOf(tx, table);
    if (difference.count > 0) differences.push(difference);
    progress.advance(1);
  }
  return differences;
}
