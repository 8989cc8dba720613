import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The manifest lists the lake's files with their hashes. It is written last, so it never lists a file that is missing. */

const file = z.object({
  /** The path is relative to the lake. */
  path: z.string(),
  bytes: z.int().min(1),
  events: z.int().min(1),
  sha256: z.string(),
});

const month = z.object({
  month: z.string().regex(/^\d{4}-\d\d$/),
  events: z.int().min(0),
  /** Digest of the events. The rows in Postgres have the same one. */
  digest: z.string(),
  exportedAt: z.iso.datetime(),
  files: z.array(file),
});

const manifest = z.object({ format: z.literal(1), months: z.array(month) });

export type LakeFile = z.infer<typeof file>;
export type LakeMonth = z.infer<typeof month>;
export type Manifest = z.infer<typeof manifest>;

const NAME = 'manifest.json';

export async function readManifest(lake: string): Promise<Manifest> {
  const text = await readFile(join(lake, NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return { format: 1, months: [] };
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`${join(lake, NAME)} is damaged, restore it from a copy of the lake: ${reason}`);
  }
}

export async function findInLake(lake: string, month: string): Promise<LakeMonth | undefined> {
  return (await readManifest(lake)).months.find((lakeMonth) => lakeMonth.month === month);
}

/** Adds or replaces a month. Even after a power failure, the manifest is either the old or the new one. */
export async function writeMonth(lake: string, added: LakeMonth): Promise<void> {
  const { months } = await readManifest(lake);
  const all = [...months.filter(({ month }) => month !== added.month), added];
  all.sort((a, b) => (a.month < b.month ? -1 : 1));
  const unfinished = join(lake, `${NAME}.unfinished`);
  await writeDurably(unfinished, `${JSON.stringify({ format: 1, months: all } satisfies Manifest, null, 2)}\n`);
  await rename(unfinished, join(lake, NAME));
  await syncPath(lake);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until a file, or the entries of a folder, are on disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest('hex');
}
