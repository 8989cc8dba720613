import { mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const OUR_SCOPE = '@tallyline';

/** Gives a copy of the checkout its `node_modules`: third-party packages are those of the checkout, our own are the copy's. */
export async function linkDependencies(checkout: string, copy: string): Promise<void> {
  const [installed, nodeModules] = [join(checkout, 'node_modules'), join(copy, 'node_modules')];
  await mkdir(join(nodeModules, OUR_SCOPE), { recursive: true });
  for (const name of await readdir(installed)) {
    if (name !== OUR_SCOPE && !name.startsWith('.')) await symlink(join(installed, name), join(nodeModules, name));
  }
  for (const name of await readdir(join(installed, OUR_SCOPE))) {
    await symlink(await readlink(join(installed, OUR_SCOPE, name)), join(nodeModules, OUR_SCOPE, name));
  }
}
