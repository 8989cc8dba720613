import { onPool, type Pool, type Queryable, type Tx, withTransaction } from '@tallyline/chassis/postgres';
import type { Progress } from '@tallyline/chassis/progress';
import { viewTables } from '../projections/index.js';
import {
  type ArchivedEvent,
  archivedEvents,
  countArchived,
  countUnarchived,
  findRest,
  readMovedMonths,
  readRest,
} from './archived.sql.js';
import { FOLD_SIZE, foldArchived, inFolds, type Unreadable } from './fold-archived.js';
import { createShadow, dropShadow, stopConsumers, takeRebuildLock } from './shadow.sql.js';
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

/** A consumer's transaction lasts seconds; its events bear the time of its begin. */
const LONGEST_TRANSACTION_MS = 3_600_000;
/** Each look passes over the events of the last hour, and notes so many ids. */
const REST_SIZE = 20_000;
/** Consumers are stopped for the last rest alone: 2,000 events are folded in 100 ms. */
const SMALL_REST = 2_000;
const MAX_PASSES = 10;

/**
 * Builds every view anew from the archive beside the live ones, compares, and takes over; see RebuildOptions. Undefined when
 * another rebuild is under way. Throws while months of the archive are in the data lake.
 */
export function rebuild(options: RebuildOptions): Promise<Rebuilt | undefined> {
  return withTransaction(options.pool, 'rebuild', async (guard) => {
    if (!(await takeRebuildLock(guard))) return undefined;
    const db = onPool(options.pool);
    await refuseMoved(db);
    await createShadow(db, viewTables);
    const rebuilt = await fillCompareTakeOver(options);
    await dropShadow(db);
    return rebuilt;
  });
}

async function fillCompareTakeOver({ pool, shadow, progress, accept, inboxDays }: RebuildOptions): Promise<Rebuilt> {
  const db = onPool(pool);
  const { count, now } = await countArchived(db);
  const since = new Date(now.getTime() - LONGEST_TRANSACTION_MS);
  const unreadable = new Map<string, Unreadable>();
  let events = 0;
  const fold = async (batch: readonly ArchivedEvent[]) => {
    for (const part of inFolds(batch))
      for (const event of await foldArchived(shadow, part)) unreadable.set(event.id, event);
    events += batch.length;
    progress.advance(batch.length);
  };
  /** Folds what came meanwhile, and returns how much that was. */
  const catchUp = async (): Promise<number> => {
    const before = events;
    for (let found = REST_SIZE; found === REST_SIZE; ) {
      const rest = await findRest(db, since, [...unreadable.keys()], REST_SIZE);
      progress.part('catching up', rest.length);
      for (let first = 0; first < rest.length; first += FOLD_SIZE)
        await fold(await readRest(db, since, rest.slice(first, first + FOLD_SIZE)));
      found = rest.length;
    }
    return events - before;
  };

  progress.part('building the views anew', count);
  for await (const batch of archivedEvents(db, FOLD_SIZE)) await fold(batch);
  let rest = await catchUp();
  for (let pass = 1; pass < MAX_PASSES && rest > SMALL_REST; pass += 1) rest = await catchUp();

  return withTransaction(pool, 'take over the views', async (tx) => {
    await stopConsumers(tx);
    await refuseMoved(tx);
    const stoppedAt = performance.now();
    await catchUp();
    const unarchived = (await countUnarchived(tx)) - unreadable.size;
    const differences = await compareAll(tx, progress);
    const differs = differences.length > 0;
    const tookOver = (accept || !differs) && unarchived === 0 && unreadable.size === 0;
    if (tookOver) {
      for (const { table } of differences) await takeOver(tx, table);
      await takeOverInbox(tx, inboxDays);
      if (accept) await acceptHistory(tx);
    }
    const stoppedMs = Math.round(performance.now() - stoppedAt);
    return { events, differences, unreadable: [...unreadable.values()], unarchived, tookOver, stoppedMs };
  });
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
