import { existsSync } from 'node:fs';
import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { allowIdle } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { Summing, sameSummary } from './archived-event.js';
import { findInLake, type LakeMonth, readManifest } from './manifest.js';
import {
  attachMonth,
  countMonth,
  createMonthTable,
  findMissing,
  insertRows,
  listMonths,
  listMoved,
  lockArchive,
  removeFromMoved,
} from './months.sql.js';
import { readFiles } from './verify-month.js';

/** All months in one turn: a rebuild between two of them would take the first ones for all there is. */
export function restoreMonths(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  return withTransaction(pool, 'restore', async (guard) => {
    await lockArchive(guard);
    return restoreLocked(pool, lake, only);
  });
}

/**
 * Brings back `only` the month that was asked for, or else what the lake holds and this database does not: a new one has
 * dropped nothing itself, and knows only from the lake what the lost one had.
 */
async function restoreLocked(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  if (!existsSync(lake)) throw new Error(`there is no data lake in ${lake}`);
  const moved = await listMoved(onPool(pool));
  const { months: inLake } = await readManifest(lake);
  const all = new Set([...moved, ...inLake].map(({ month }) => month));
  let restored = 0;
  for (const month of only === undefined ? [...all].sort() : [only]) {
    const lakeMonth = await findInLake(lake, month);
    if (lakeMonth === undefined) throw new Error(`the lake does not hold ${month}`);
    const { before, added } = await restoreMonth(pool, lake, lakeMonth);
    const beside = before === 0 ? '' : `, beside ${before} that were there`;
    if (added > 0) print(`${month}: ${added} events are back in event_archive${beside}`);
    restored += added;
  }
  if (restored === 0) print(`nothing to restore: event_archive has every event of ${only ?? 'the lake'}`);
  return 0;
}

interface Restored {
  /** Rows of the month that were there. */
  readonly before: number;
  readonly added: number;
}

/**
 * Brings back what a month lacks, all of it or nothing. Its partition may be there, empty or in part: they are made ahead,
 * and a backup has those of its time.
 */
function restoreMonth(pool: Pool, lake: string, { files, month, ...exported }: LakeMonth): Promise<Restored> {
  return withTransaction(pool, `restore ${month}`, async (tx) => {
    await allowIdle(tx); // between its statements it is at its files
    const isTable = (await listMonths(tx)).some((table) => table.month === month);
    if (!isTable) await createMonthTable(tx, month);
    const before = await countMonth(tx, month);
    const sum = new Summing();
    let added = 0;
    for await (const events of readFiles(lake, files)) {
      const missing = before === 0 ? events : await findMissing(tx, month, events);
      await insertRows(tx, month, missing);
      added += missing.length;
      for (const event of events) sum.add(event);
    }
    if (!sameSummary(sum.end(), exported)) throw new Error(`the files of ${month} are not what the manifest says`);
    if (!isTable) await attachMonth(tx, month);
    await removeFromMoved(tx, month);
    return { before, added };
  });
}
