import { existsSync } from 'node:fs';
import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { allowIdle } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { onPool, type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { SummaryBuilder, sameSummary } from './archived-event.js';
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

/** Restores all months under one lock, because a rebuild between two months would lack the events of the later one. */
export function restoreMonths(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  return withTransaction(pool, 'restore', async (guard) => {
    await lockArchive(guard);
    return restoreLocked(pool, lake, only);
  });
}

/**
 * Restores `only` one month, or every month of the lake that this database lacks. A new database has no record of
 * dropped months, so the lake is the only list of what a lost database had.
 */
async function restoreLocked(pool: Pool, lake: string, only: string | undefined): Promise<ExitCode> {
  if (!existsSync(lake)) throw new Error(`there is no data lake in ${lake}: give its folder with --dir`);
  const moved = await listMoved(onPool(pool));
  const { months: inLake } = await readManifest(lake);
  const all = new Set([...moved, ...inLake].map(({ month }) => month));
  let restored = 0;
  for (const month of only === undefined ? [...all].sort() : [only]) {
    const lakeMonth = await findInLake(lake, month);
    if (lakeMonth === undefined)
      throw new Error(`the lake does not hold ${month}: its manifest.json lists what it holds`);
    const { before, added } = await restoreMonth(pool, lake, lakeMonth);
    const beside = before === 0 ? '' : `, beside ${before} that were there`;
    if (added > 0) print(`${month}: ${added} events are back in event_archive${beside}`);
    restored += added;
  }
  if (restored === 0) print(`nothing to restore: event_archive has every event of ${only ?? 'the lake'}`);
  return 0;
}

interface Restored {
  /** Number of rows that the month had before. */
  readonly before: number;
  readonly added: number;
}

/**
 * Restores the events that a month lacks in one transaction. Its partition may exist with none or some of the events,
 * because partitions are created ahead and a database may come from a backup.
 */
function restoreMonth(pool: Pool, lake: string, { files, month, ...exported }: LakeMonth): Promise<Restored> {
  return withTransaction(pool, `restore ${month}`, async (tx) => {
    await allowIdle(tx); // the transaction is idle while files are read
    const isTable = (await listMonths(tx)).some((table) => table.month === month);
    if (!isTable) await createMonthTable(tx, month);
    const before = await countMonth(tx, month);
    const sum = new SummaryBuilder();
    let added = 0;
    for await (const events of readFiles(lake, files)) {
      const missing = before === 0 ? events : await findMissing(tx, month, events);
      await insertRows(tx, month, missing);
      added += missing.length;
      for (const event of events) sum.add(event);
    }
    if (!sameSummary(sum.end(), exported)) {
      throw new Error(
        `the files of ${month} differ from the manifest: npm run archive -- verify names the damaged ones`,
      );
    }
    if (!isTable) await attachMonth(tx, month);
    await removeFromMoved(tx, month);
    return { before, added };
  });
}
