import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { Summing, sameSummary } from './archived-event.js';
import type { LakeMonth } from './manifest.js';
import { attachMonth, createMonthTable, dropMonth, insertRows, lockMonth, takeTurn } from './months.sql.js';
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

/** Brings a month's rows back, all of them or none. */
export function restoreMonth(pool: Pool, lake: string, month: LakeMonth): Promise<void> {
  return withTransaction(pool, `restore ${month.month}`, async (tx) => {
    await takeTurn(tx);
    await createMonthTable(tx, month.month);
    const sum = new Summing();
    for await (const events of readFiles(lake, month.files)) {
      await insertRows(tx, month.month, events);
      for (const event of events) sum.add(event);
    }
    if (!sameSummary(sum.end(), month)) throw new Error(`the files of ${month.month} are not what the manifest says`);
    await attachMonth(tx, month.month);
  });
}
