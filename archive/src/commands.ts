import { existsSync } from 'node:fs';
import { type ExitCode, print } from '@tallyline/chassis/command-line';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { exportMonth } from './export-month.js';
import { type LakeMonth, readManifest } from './manifest.js';
import { listMonths, listMoved } from './months.sql.js';
import { dropVerified, restoreMonth } from './move-month.js';
import { verifyFiles, verifyRows } from './verify-month.js';

export interface Call {
  readonly pool: Pool;
  readonly lake: string;
  readonly month: string | undefined;
}

/** Writes what the lake does not hold yet: a closed month never changes, so one that it holds is done. */
export async function exportClosed({ pool, lake, month }: Call): Promise<ExitCode> {
  const held = new Set((await readManifest(lake)).months.map((held) => held.month));
  const asked = (await listMonths(onPool(pool))).filter((found) => month === undefined || found.month === month);
  if (month !== undefined && asked.length === 0) throw new Error(`event_archive has no rows of ${month}`);
  const open = asked.find(({ closed }) => !closed);
  if (month !== undefined && open !== undefined) throw new Error(`${month} is not closed: its events still arrive`);
  const due = asked.filter((found) => found.closed && !held.has(found.month));
  for (const found of due) {
    const exported = await exportMonth(pool, lake, found.month);
    if (exported === undefined) print(`${found.month}: nothing to export, event_archive has no events of it`);
    else print(`${found.month}: ${exported.events} events written to ${exported.files.length} file(s) and read back`);
  }
  if (due.length === 0) print('nothing to export: the lake holds every closed month');
  return 0;
}

/** Compares every month of the lake with its files and, where they are still there, with its rows. */
export async function verify({ pool, lake, month }: Call): Promise<ExitCode> {
  const { months } = await readManifest(lake);
  const inTable = new Set((await listMonths(onPool(pool))).map((found) => found.month));
  const moved = await listMoved(onPool(pool));
  let faults = moved
    .filter((gone) => !months.some((held) => held.month === gone.month && held.digest === gone.digest))
    .map((gone) => `${gone.month} was dropped with ${gone.events} events, and the manifest does not have them`);
  const compared = months.filter((held) => month === undefined || held.month === month);
  if (month !== undefined && compared.length === 0) throw new Error(`the lake does not hold ${month}: export it first`);
  if (months.length === 0 && faults.length === 0 && !existsSync(lake))
    throw new Error(`there is no data lake in ${lake}`);
  for (const held of compared) {
    const found = await verifyFiles(lake, held);
    if (inTable.has(held.month)) {
      found.push(...(await withTransaction(pool, `verify ${held.month}`, (tx) => verifyRows(tx, held))));
    } else if (!moved.some((gone) => gone.month === held.month)) {
      print(`${held.month}: not in this database, and not dropped from it: restore would bring it`);
    }
    if (found.length === 0) print(`${held.month}: ${held.events} events in ${held.files.length} file(s), equal`);
    faults = [...faults, ...found];
  }
  for (const fault of faults) print(`differs: ${fault}`);
  print(faults.length === 0 ? `${compared.length} month(s) verified` : `${faults.length} fault(s)`);
  return faults.length === 0 ? 0 : 1;
}

export async function drop({ pool, lake, month }: Call & { month: string }): Promise<ExitCode> {
  const held = await heldMonth(lake, month);
  if (held === undefined) throw new Error(`the lake does not hold ${month}: export it first`);
  const found = (await listMonths(onPool(pool))).some((inTable) => inTable.month === month);
  if (!found) throw new Error(`event_archive has no rows of ${month}`);
  const faults = await dropVerified(pool, lake, held);
  for (const fault of faults) print(`differs: ${fault}`);
  print(
    faults.length === 0 ? `${month}: ${held.events} events dropped; the lake holds them` : `${month} was not dropped`,
  );
  return faults.length === 0 ? 0 : 1;
}

/**
 * Brings back the month that was asked for, or else what the lake holds and this database does not: a new one has dropped
 * nothing itself, and knows only from the lake what the lost one had.
 */
export async function restore({ pool, lake, month }: Call): Promise<ExitCode> {
  if (!existsSync(lake)) throw new Error(`there is no data lake in ${lake}`);
  const moved = (await listMoved(onPool(pool))).map((gone) => gone.month);
  const inLake = (await readManifest(lake)).months.map((held) => held.month);
  const months = month === undefined ? [...new Set([...moved, ...inLake])].sort() : [month];
  let back = 0;
  for (const wanted of months) {
    const held = await heldMonth(lake, wanted);
    if (held === undefined) throw new Error(`the lake does not hold ${wanted}`);
    const { there, came } = await restoreMonth(pool, lake, held);
    const beside = there === 0 ? '' : `, beside ${there} that were there`;
    if (came > 0) print(`${wanted}: ${came} events are back in event_archive${beside}`);
    back += came;
  }
  if (back === 0) print(`nothing to restore: event_archive has every event of ${month ?? 'the lake'}`);
  return 0;
}

async function heldMonth(lake: string, month: string): Promise<LakeMonth | undefined> {
  return (await readManifest(lake)).months.find((held) => held.month === month);
}
