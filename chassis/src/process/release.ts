import { readFileSync } from 'node:fs';

/** The release of the running code. All packages of the suite have the same version. */
export const release: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
