import { existsSync } from 'node:fs';
import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { readManifest } from './manifest.js';
import { listMonths, listMoved } from './months.sql.js';
import { verifyFiles, verifyRows } from './verify-month.js';

/** Compares every month of the lake, or `only` one, with its files, and with its rows unless they were dropped. */
export async function verifyLake(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  const { months: inLake } = await readManifest(lake);
  const inTable = new Set((await listMonths(onPool(pool))).map(({ month }) => month));
  const moved = await listMoved(onPool(pool));
  const lost = moved.filter(({ month, digest }) => !inLake.some((m) => m.month === month && m.digest === digest));
  const compared = inLake.filter(({ month }) => only === undefined || month === only);
  if (only !== undefined && compared.length === 0) throw new Error(`the lake does not hold ${only}: export it first`);
  if (inLake.length === 0 && lost.length === 0 && !existsSync(lake))
    throw new Error(`there is no data lake in ${lake}: give its folder with --dir`);

  const faults = lost.map(
    ({ month, events }) => `${month} was dropped with ${events} events, and the manifest does not have them`,
  );
  for (const lakeMonth of compared) {
    const { month, events, files } = lakeMonth;
    const differences = await verifyFiles(lake, lakeMonth);
    if (inTable.has(month)) {
      differences.push(...(await withTransaction(pool, `verify ${month}`, (tx) => verifyRows(tx, lakeMonth))));
    } else if (!moved.some((m) => m.month === month)) {
      print(`${month}: not in this database, and not dropped from it; archive restore would add it`);
    }
    if (differences.length === 0) print(`${month}: ${events} events in ${files.length} file(s), equal`);
    faults.push(...differences);
  }
  for (const fault of faults) print(`differs: ${fault}`);
  print(faults.length === 0 ? `${compared.length} month(s) verified` : `${faults.length} fault(s)`);
  return faults.length === 0 ? 0 : 1;
}
