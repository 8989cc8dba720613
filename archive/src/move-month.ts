import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { Summing, sameSummary } from './archived-event.js';
import type { LakeMonth } from './manifest.js';
import {
  attachMonth,
  countMonth,
  createMonthTable,
  dropMonth,
  findMissing,
  forgetMoved,
  insertRows,
  listMonths,
  lockMonth,
  takeTurn,
} from './months.sql.js';
import { readFiles, verifyFiles, verifyRows } from './verify-month.js';

/** Drops a month's rows, after comparing them with the files while nobody can change either. Returns what forbade it. */
export function dropVerified(pool: Pool, lake: string, month: LakeMonth): Promise<string[]> {
  return withTransaction(pool, `drop ${month.month}`, async (tx) => {
    await takeTurn(tx);
    await lockMonth(tx, month.month);
    const faults = [...(await verifyFiles(lake, month)), ...(await verifyRows(tx, month))];
    if (faults.length === 0) await dropMonth(tx, month.month, month);
    return faults;
  });
}

export interface Restored {
  /** Rows of the month that were there before, and those that came. */
  readonly there: number;
  readonly came: number;
}

/**
 * Brings back what a month lacks, all of it or nothing. Its partition may be there, empty or in part: they are made ahead,
 * and a backup has those of its time.
 */
export function restoreMonth(pool: Pool, lake: string, { files, month, ...wanted }: LakeMonth): Promise<Restored> {
  return withTransaction(pool, `restore ${month}`, async (tx) => {
    await takeTurn(tx);
    const isTable = (await listMonths(tx)).some((found) => found.month === month);
    if (!isTable) await createMonthTable(tx, month);
    const there = await countMonth(tx, month);
    const sum = new Summing();
    let came = 0;
    for await (const events of readFiles(lake, files)) {
      const missing = there === 0 ? events : await findMissing(tx, month, events);
      await insertRows(tx, month, missing);
      came += missing.length;
      for (const event of events) sum.add(event);
    }
    if (!sameSummary(sum.end(), wanted)) throw new Error(`the files of ${month} are not what the manifest says`);
    if (!isTable) await attachMonth(tx, month);
    await forgetMoved(tx, month);
    return { there, came };
  });
}
