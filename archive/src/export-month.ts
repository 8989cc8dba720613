import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { type ArchivedEvent, SummaryBuilder } from './archived-event.js';
import { type LakeFile, type LakeMonth, sha256Of, syncPath, writeMonth } from './manifest.js';
import { countMonth, lockArchive, readMonth } from './months.sql.js';
import { appendEvents, type Parquet, withParquet, writePart } from './parquet.sql.js';
import { verifyFiles } from './verify-month.js';

/** Limits for one file, because DuckDB keeps its events in memory several times while it writes the file. */
const MAX_EVENTS_PER_FILE = 20_000;
const MAX_CHARACTERS_PER_FILE = 12_000_000;

/**
 * Writes a closed month into the lake, reads it back, and then adds it to the manifest. An export overwrites the
 * remains of an interrupted one. Returns undefined for an empty month, which must not be in the manifest, because a
 * month in the manifest is never exported again.
 */
export function exportMonth(pool: Pool, lake: string, month: string): Promise<LakeMonth | undefined> {
  return withTransaction(pool, `export ${month}`, async (tx) => {
    await lockArchive(tx);
    if ((await countMonth(tx, month)) === 0) return undefined;
    const folder = join('event_archive', `month=${month}`);
    const unfinished = join(lake, `${folder}.unfinished`);
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });

    const sum = new SummaryBuilder();
    const files = await withParquet(async (parquet) => {
      const written: LakeFile[] = [];
      for await (const events of inParts(parquet, sum, readMonth(tx, month))) {
        const name = `part-${String(written.length).padStart(4, '0')}.parquet`;
        written.push({ ...(await finishPart(parquet, join(unfinished, name))), events, path: join(folder, name) });
      }
      return written;
    });

    await rm(join(lake, folder), { recursive: true, force: true });
    await rename(unfinished, join(lake, folder));
    await syncPath(join(lake, folder));
    await syncPath(join(lake, 'event_archive'));
    const exported = { month, ...sum.end(), exportedAt: new Date().toISOString(), files };
    const faults = await verifyFiles(lake, exported);
    if (faults.length > 0) {
      throw new Error(`the files of ${month} differ from what was written; export it again: ${faults.join('; ')}`);
    }
    await writeMonth(lake, exported);
    return exported;
  });
}

/** Adds events to the summary and to the open file. Yields the number of events whenever a file is full, and at the end. */
async function* inParts(
  parquet: Parquet,
  sum: SummaryBuilder,
  batches: AsyncIterable<ArchivedEvent[]>,
): AsyncGenerator<number> {
  let events = 0;
  let characters = 0;
  for await (const batch of batches) {
    await appendEvents(parquet, batch);
    for (const event of batch) {
      sum.add(event);
      characters += event.body.length;
    }
    events += batch.length;
    if (events < MAX_EVENTS_PER_FILE && characters < MAX_CHARACTERS_PER_FILE) continue;
    yield events;
    events = 0;
    characters = 0;
  }
  if (events > 0) yield events;
}

async function finishPart(parquet: Parquet, path: string) {
  await writePart(parquet, path);
  await syncPath(path);
  return { bytes: (await stat(path)).size, sha256: await sha256Of(path) };
}
