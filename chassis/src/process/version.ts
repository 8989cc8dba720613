import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The version of the running code, from package.json. All packages of the suite have the same one. */
export const ownVersion: string = manifest.version;
