import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseUrl, prepareDatabase, repositoryRoot, withClient } from '@tallyline/local/servers/schema';
import { type CommandResult, runBuiltCommand } from './run-built-command.js';

/** A release of the suite that is built in a folder. */
export interface Release {
  /** The name in reports: a commit, or "this checkout". */
  readonly name: string;
  readonly version: string;
  readonly dir: string;
}

export const thisRelease: Release = { name: 'this checkout', version: versionIn(repositoryRoot), dir: repositoryRoot };

export interface DatabaseUrls {
  readonly writeUrl: string;
  readonly readUrl: string;
}

const MIGRATE = 'operations/dist/migrate.main.js';

export function versionIn(dir: string): string {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).version;
}

/** Creates the two databases with the schema of the release. Releases before 0.3 have no migrations, but only schema files. */
export async function prepareDatabases(release: Release, urls: DatabaseUrls): Promise<void> {
  if (release === thisRelease) {
    await Promise.all([prepareDatabase(urls.writeUrl, 'write'), prepareDatabase(urls.readUrl, 'read')]);
    return;
  }
  for (const url of [urls.writeUrl, urls.readUrl]) {
    const name = new URL(url).pathname.slice(1);
    await withClient(databaseUrl(url, 'postgres'), (client) => client.query(`CREATE DATABASE ${name}`));
  }
  if (existsSync(join(release.dir, MIGRATE))) {
    const { code, output } = await migrate(release, urls, ['up']);
    if (code !== 0) throw new Error(`the schema of ${release.name} could not be made:\n${output}`);
    return;
  }
  for (const [url, file] of [
    [urls.writeUrl, 'init-write.sql'],
    [urls.readUrl, 'init-read.sql'],
  ] as const) {
    const sql = await readFile(join(release.dir, file), 'utf8');
    await withClient(url, (client) => client.query(sql));
  }
}

/** Runs `npm run migrate` of the release. With `killAfterMs`, it is killed that long after its first line. */
export function migrate(
  release: Release,
  urls: DatabaseUrls,
  args: readonly string[],
  killAfterMs?: number,
): Promise<CommandResult> {
  return runBuiltCommand(join(release.dir, MIGRATE), args, databaseVariables(urls), killAfterMs);
}

/** Runs `npm run rebuild` of the release. */
export function rebuild(release: Release, urls: DatabaseUrls, args: readonly string[]): Promise<CommandResult> {
  return runBuiltCommand(
    join(release.dir, 'consumer-service/dist/operations/rebuild.main.js'),
    args,
    databaseVariables(urls),
  );
}

function databaseVariables({ writeUrl, readUrl }: DatabaseUrls) {
  return { WRITE_DATABASE_URL: writeUrl, READ_DATABASE_URL: readUrl };
}
