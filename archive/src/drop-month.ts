import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { findInLake } from './manifest.js';
import { dropMonthTable, listMonths, lockArchive, lockMonth } from './months.sql.js';
import { verifyFiles, verifyRows } from './verify-month.js';

/** Drops a month's rows after it has compared them with the files, under locks that keep both unchanged. */
export async function dropMonth(pool: Pool, lake: string, month: string): Promise<ExitCode> {
  const lakeMonth = await findInLake(lake, month);
  if (lakeMonth === undefined) throw new Error(`the lake does not hold ${month}: export it first`);
  const isTable = (await listMonths(onPool(pool))).some((table) => table.month === month);
  if (!isTable) throw new Error(`event_archive has no rows of ${month}`);
  const faults = await withTransaction(pool, `drop ${month}`, async (tx) => {
    await lockArchive(tx);
    await lockMonth(tx, month);
    const faults = [...(await verifyFiles(lake, lakeMonth)), ...(await verifyRows(tx, lakeMonth))];
    if (faults.length === 0) await dropMonthTable(tx, month, lakeMonth);
    return faults;
  });
  for (const fault of faults) print(`differs: ${fault}`);
  if (faults.length === 0) print(`${month}: ${lakeMonth.events} events dropped; the lake holds them`);
  else print(`${month} was not dropped, because the lake, the manifest and the rows differ`);
  return faults.length === 0 ? 0 : 1;
}
