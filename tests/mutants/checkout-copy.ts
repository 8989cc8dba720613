import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkDependencies } from '@tallyline/local/testing/link-dependencies';
import { temporaryDir } from '@tallyline/local/testing/temporary-dir';
import type { Change } from './mutant.js';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const LEFT_OUT = new Set(['node_modules', '.git', '.data', 'data-lake', 'coverage']);

export interface CheckoutCopy {
  readonly dir: string;
  /** Applies the changes while `work` runs. */
  withChanges<T>(changes: readonly Change[], work: () => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

/** Copies sources and built files to a temporary folder, and links the dependencies of the checkout. */
export async function copyCheckout(): Promise<CheckoutCopy> {
  const dir = await temporaryDir();
  await cp(checkout, dir, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !LEFT_OUT.has(basename(source)),
  });
  await linkDependencies(checkout, dir);
  return {
    dir,
    withChanges: async (changes, work) => {
      const files = [...new Set(changes.map(({ file }) => join(dir, file)))];
      const originals = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      try {
        for (const change of changes) await apply(dir, change);
        return await work();
      } finally {
        await Promise.all(files.map((file, index) => writeFile(file, originals[index] ?? '')));
      }
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
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
