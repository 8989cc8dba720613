import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { type ArchivedEvent, Summing } from './archived-event.js';
import { type LakeFile, type LakeMonth, syncPath, writeMonth } from './manifest.js';
import { readMonth, takeTurn } from './months.sql.js';
import { type Parquet, withParquet, writeParquet } from './parquet.sql.js';
import { sha256Of } from './sha256.js';
import { verifyFiles } from './verify-month.js';

/** Some 4 MB of Parquet from 20 MB of events, which is what the command holds in memory. */
const MAX_EVENTS_PER_FILE = 20_000;

/**
 * Writes a closed month into the lake, reads it back, and only then enters it into the manifest. Whatever an export that
 * was cut off has left behind is overwritten by the next one.
 */
export function exportMonth(pool: Pool, lake: string, month: string): Promise<LakeMonth> {
  return withTransaction(pool, `export ${month}`, async (tx) => {
    await takeTurn(tx);
    const folder = join('event_archive', `month=${month}`);
    const unfinished = join(lake, `${folder}.unfinished`);
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });

    const sum = new Summing();
    const files = await withParquet(async (parquet) => {
      const written: LakeFile[] = [];
      for await (const events of inParts(readMonth(tx, month))) {
        for (const event of events) sum.add(event);
        const name = `part-${String(written.length).padStart(4, '0')}.parquet`;
        written.push({ ...(await writePart(parquet, join(unfinished, name), events)), path: join(folder, name) });
      }
      return written;
    });

    await rm(join(lake, folder), { recursive: true, force: true });
    await rename(unfinished, join(lake, folder));
    await syncPath(join(lake, folder));
    await syncPath(join(lake, 'event_archive'));
    const exported = { month, ...sum.end(), exportedAt: new Date().toISOString(), files };
    const faults = await verifyFiles(lake, exported);
    if (faults.length > 0) throw new Error(`the export of ${month} cannot be read back: ${faults.join('; ')}`);
    await writeMonth(lake, exported);
    return exported;
  });
}

async function writePart(parquet: Parquet, path: string, events: readonly ArchivedEvent[]) {
  await writeParquet(parquet, path, events);
  await syncPath(path);
  return { bytes: (await stat(path)).size, events: events.length, sha256: await sha256Of(path) };
}

async function* inParts(batches: AsyncIterable<readonly ArchivedEvent[]>): AsyncGenerator<ArchivedEvent[]> {
  let part: ArchivedEvent[] = [];
  for await (const batch of batches) {
    part.push(...batch);
    if (part.length < MAX_EVENTS_PER_FILE) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
