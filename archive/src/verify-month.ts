import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import { type ArchivedEvent, type Summary, SummaryBuilder, sameSummary } from './archived-event.js';
import { type LakeMonth, sha256Of } from './manifest.js';
import { readMonth } from './months.sql.js';
import { readParquet } from './parquet.sql.js';

/** Compares a month's files with the manifest and returns the differences. */
export async function verifyFiles(lake: string, { files, ...month }: LakeMonth): Promise<string[]> {
  const faults: string[] = [];
  for (const { path, bytes, sha256 } of files) {
    const found = await stat(join(lake, path)).catch(() => undefined);
    if (found === undefined) faults.push(`${path} is missing`);
    else if (found.size !== bytes) faults.push(`${path} has ${found.size} bytes, not ${bytes}`);
    else if ((await sha256Of(join(lake, path))) !== sha256) faults.push(`${path} has changed (its SHA-256 differs)`);
  }
  if (faults.length > 0) return faults;
  const read = await summaryOf(readFiles(lake, files));
  return sameSummary(read, month) ? [] : [`${month.month} holds ${differing(read, month)}`];
}

/** Reads the events of several files, in batches. */
export async function* readFiles(lake: string, files: LakeMonth['files']): AsyncGenerator<ArchivedEvent[]> {
  for (const { path } of files) yield* readParquet(join(lake, path));
}

/** Compares a month's rows in Postgres with the manifest and returns the differences. */
export async function verifyRows(tx: Tx, month: LakeMonth): Promise<string[]> {
  const rows = await summaryOf(readMonth(tx, month.month));
  return sameSummary(rows, month) ? [] : [`event_archive holds ${differing(rows, month)} for ${month.month}`];
}

async function summaryOf(batches: AsyncIterable<readonly ArchivedEvent[]>): Promise<Summary> {
  const sum = new SummaryBuilder();
  for await (const events of batches) for (const event of events) sum.add(event);
  return sum.end();
}

function differing(found: Summary, wanted: Summary): string {
  if (found.events !== wanted.events) return `${found.events} events, not the ${wanted.events} of the manifest`;
  return `as many events as the manifest (${wanted.events}), but not the same ones`;
}
