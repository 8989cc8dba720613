import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { events } from '@tallyline/contracts/events';
import { byVersion, corpusOf, manifestPath, readManifest, releasesOf, versionsOf } from './corpus.js';
import { faultsOfFiles, faultsOfSchemas, manifestOf } from './manifest.js';

const USAGE = `npm run corpus [-- --begin VERSION]
Writes the manifest of the version that is not released yet: the hashes of its messages in contracts/corpus/, and the
schemas of all event versions. It refuses when something differs from what a release has published.
--begin VERSION: makes the folder of the next version first.`;

const { values } = parseArgs({ options: { begin: { type: 'string' }, help: { type: 'boolean', default: false } } });
const corpus = corpusOf(fileURLToPath(new URL('../../../', import.meta.url)));

function run(): string {
  const releases = releasesOf(corpus);
  const newest = releases.at(-1) ?? '0.0.0';
  const { begin } = values;
  if (begin !== undefined) {
    if (!/^\d+\.\d+\.\d+$/.test(begin) || byVersion(begin, newest) <= 0) {
      throw new Error(`${begin} must be a version after ${newest}, the last release of CHANGELOG.md`);
    }
    mkdirSync(join(corpus.folder, begin), { recursive: true });
  }
  const unreleased = versionsOf(corpus).filter((version) => !releases.includes(version));
  const [version] = unreleased;
  if (version === undefined) throw new Error('every version is released; begin the next one with --begin VERSION');
  if (unreleased.length > 1) throw new Error(`only one version can be unreleased, not ${unreleased.join(' and ')}`);
  const released = readManifest(corpus, newest);
  const faults = [...faultsOfFiles(corpus, releases), ...(released ? faultsOfSchemas(released, events) : [])];
  const manifest = manifestOf(corpus, version, events);
  const known = readManifest(corpus, version);
  if (known && known.previous !== manifest.previous) faults.push(`the manifest before that of ${version} was changed`);
  if (faults.length > 0) throw new Error(`nothing was written:\n${faults.join('\n')}`);
  writeFileSync(manifestPath(corpus, version), `${JSON.stringify(manifest, null, 2)}\n`);
  return `contracts/corpus/${version}/manifest.json has ${Object.keys(manifest.messages).length} messages`;
}

try {
  process.stdout.write(`${values.help ? USAGE : run()}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
