import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import { exportMonth } from './export-month.js';
import { readManifest } from './manifest.js';
import { listMonths } from './months.sql.js';

/** Exports every closed month that the lake lacks, or `only` one. A closed month never changes, so one export is enough. */
export async function exportClosed(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  const inLake = new Set((await readManifest(lake)).months.map(({ month }) => month));
  const inTable = await listMonths(onPool(pool));
  const asked = inTable.filter(({ month }) => only === undefined || month === only);
  if (only !== undefined && asked.length === 0) throw new Error(`event_archive has no rows of ${only}`);
  if (only !== undefined && asked.some(({ closed }) => !closed))
    throw new Error(`${only} is not closed: its events still arrive`);
  const due = asked.filter(({ month, closed }) => closed && !inLake.has(month));
  for (const { month } of due) {
    const exported = await exportMonth(pool, lake, month);
    if (exported === undefined) print(`${month}: nothing to export, event_archive has no events of it`);
    else print(`${month}: ${exported.events} events written to ${exported.files.length} file(s) and read back`);
  }
  if (due.length === 0) print('nothing to export: the lake holds every closed month');
  return 0;
}
