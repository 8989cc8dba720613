import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckoutCopy } from '@tallyline/local/testing/copy-checkout';
import type { Change } from './mutant.js';

/** Applies the changes to a copy of the checkout while `work` runs. */
export async function withChanges<T>(
  { dir }: CheckoutCopy,
  changes: readonly Change[],
  work: () => Promise<T>,
): Promise<T> {
  const files = [...new Set(changes.map(({ file }) => join(dir, file)))];
  const originals = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  try {
    for (const change of changes) await apply(dir, change);
    return await work();
  } finally {
    await Promise.all(files.map((file, index) => writeFile(file, originals[index] ?? '')));
  }
}

async function apply(dir: string, { file, from, to }: Change): Promise<void> {
  const text = await readFile(join(dir, file), 'utf8');
  const found = text.split(from).length - 1;
  if (found !== 1)
    throw new Error(`the bug no longer applies: ${file} must have this text once, and has it ${found} times:\n${from}`);
  await writeFile(
    join(dir, file),
    text.replace(from, () => to),
  );
}
