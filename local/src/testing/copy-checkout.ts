import { cp, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { repositoryRoot } from '../servers/schema.js';
import { linkDependencies } from './link-dependencies.js';
import { temporaryDir } from './temporary-dir.js';

const LEFT_OUT = new Set(['node_modules', '.git', '.data', 'data-lake', 'coverage']);

export interface CheckoutCopy {
  readonly dir: string;
  remove(): Promise<void>;
}

/** Copies sources and built files to a temporary folder, and links the dependencies of the checkout. */
export async function copyCheckout(): Promise<CheckoutCopy> {
  const dir = await temporaryDir();
  await cp(repositoryRoot, dir, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !LEFT_OUT.has(basename(source)),
  });
  await linkDependencies(repositoryRoot, dir);
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
