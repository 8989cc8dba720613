import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Mutant } from './mutants.js';

const run = promisify(execFile);

/** What belongs to git and what was built, without what is large: a mutant builds only what it changes. */
export async function copyTree(root: string, copy: string): Promise<void> {
  const skipped = new Set(['node_modules', '.git', '.data', 'coverage', 'docs']);
  const entries = (await readdir(root)).filter((name) => !skipped.has(name));
  await mkdir(copy, { recursive: true });
  await run('cp', ['-a', ...entries.map((name) => join(root, name)), copy]);
  await linkModules(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Links to every package; those of this workspace are relative, and so lead to the copy's own folders. */
async function linkModules(from: string, to: string): Promise<void> {
  const ours = '@tallyline';
  await mkdir(join(to, ours), { recursive: true });
  for (const name of await readdir(from))
    if (name !== ours && name !== '.cache') await symlink(join(from, name), join(to, name));
  for (const name of await readdir(join(from, ours))) {
    await symlink(await readlink(join(from, ours, name)), join(to, ours, name));
  }
}

/** Applies a mutant and answers how to take it back. A text that is not there once means that the mutant must be rewritten. */
export async function applyMutant(copy: string, { name, file, edits }: Mutant): Promise<() => Promise<void>> {
  const path = join(copy, file);
  const original = await readFile(path, 'utf8');
  let mutated = original;
  for (const [from, to] of edits) {
    const count = mutated.split(from).length - 1;
    if (count !== 1) throw new Error(`mutant "${name}" no longer applies: ${file} has ${count} times:\n${from}`);
    mutated = mutated.replace(from, () => to);
  }
  await writeFile(path, mutated);
  return () => writeFile(path, original);
}
