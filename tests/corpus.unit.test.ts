import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { type EventDeclaration, earlierVersion, newestVersionOf } from '@tallyline/contracts/event-versions';
import { events } from '@tallyline/contracts/events';
import { z } from 'zod';
import {
  type Corpus,
  corpusOf,
  type Manifest,
  messageFilesOf,
  readManifest,
  releasesOf,
  versionsOf,
} from './corpus/corpus.js';
import { faultsOfFiles, faultsOfSchemas, schemasOf } from './corpus/manifest.js';

/** The corpus never changes for what is released. contracts/corpus/README.md says how it grows. */

const corpus = corpusOf(fileURLToPath(new URL('../', import.meta.url)));
const releases = releasesOf(corpus);
const manifestOf = (version: string | undefined) => readManifest(corpus, version ?? 'no version') as Manifest;

test('every release of CHANGELOG.md has a folder, and one version at most is unreleased, the last one', () => {
  const versions = versionsOf(corpus);
  expect(versions.slice(0, releases.length)).toEqual(releases);
  expect(versions.length).toBeLessThanOrEqual(releases.length + 1);
});

test('every message file is as its manifest says (if it is of the unreleased version: npm run corpus)', () => {
  expect(faultsOfFiles(corpus, versionsOf(corpus))).toEqual([]);
});

test('the schema of a released version of an event is the one of the last release', () => {
  expect(faultsOfSchemas(manifestOf(releases.at(-1)), events)).toEqual([]);
});

test('the last manifest has the schema of every version of every event (if not: npm run corpus)', () => {
  expect(manifestOf(versionsOf(corpus).at(-1)).schemas).toEqual(schemasOf(events));
});

test.each(Object.entries<EventDeclaration>(events))(
  'by default %s is written in the newest version that the release before this one reads',
  (type, { writtenVersion }) => {
    const [before] = versionsOf(corpus).slice(-2);
    const known = Object.keys(manifestOf(before).schemas).flatMap((name) => {
      const [, of, version] = /^(\w+)\.v(\d+)$/.exec(name) ?? [];
      return of === type ? [Number(version)] : [];
    });
    // A type that is new in this release has no earlier version.
    expect(writtenVersion).toBe(Math.max(1, ...known));
  },
);

test.each(Object.keys(schemasOf(events)))('the corpus has messages of %s', (name) => {
  const files = versionsOf(corpus).flatMap((version) => messageFilesOf(corpus, version));
  expect(files.filter((file) => file.startsWith(`${name}/`)).length).toBeGreaterThan(0);
});

const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true });
});

function copyOfCorpus(): Corpus {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  copies.push(folder);
  cpSync(corpus.folder, folder, { recursive: true });
  return { ...corpus, folder };
}

test.each([
  [
    'is changed',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('Wireless', 'wireless')),
    'was changed',
  ],
  ['is deleted', (file: string) => rmSync(file), 'is missing'],
  ['is added', (file: string) => cpSync(file, file.replace('added', 'added-later')), 'is not in the manifest'],
])('a message file of a past release that %s is reported', (_how, harm, fault) => {
  const copy = copyOfCorpus();
  harm(join(copy.folder, '0.1.0', 'ProductCreated.v1', 'added.json'));
  expect(faultsOfFiles(copy, releases)).toEqual([
    expect.stringMatching(`^0\\.1\\.0/ProductCreated\\.v1/added.*${fault}$`),
  ]);
});

test('a manifest of a past release that is changed is reported', () => {
  const copy = copyOfCorpus();
  const path = join(copy.folder, '0.1.0', 'manifest.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('0.1.0', '0.1.0 '));
  expect(faultsOfFiles(copy, releases)).toEqual(['the manifest of the version before 0.2.0 was changed']);
});

const released = manifestOf(releases.at(-1));
const { ProductCreated } = events;

test.each([
  ['has a new optional field', ProductCreated.schema.extend({ colour: z.string().optional() })],
  ['lost a field', ProductCreated.schema.omit({ stock: true })],
  ['accepts other values', ProductCreated.schema.extend({ stock: z.int().min(-1) })],
])('a released schema that %s without a new version is reported', (_how, schema) => {
  expect(faultsOfSchemas(released, { ...events, ProductCreated: { ...ProductCreated, schema } })).toEqual([
    expect.stringContaining('the schema of ProductCreated.v1 is not the one of'),
  ]);
});

test('a released type that is not declared any more is reported', () => {
  const { ProductCreated: _gone, ...rest } = events;
  expect(faultsOfSchemas(released, rest)).toEqual([expect.stringContaining('ProductCreated.v1, which')]);
});

test('a new version beside the released ones is no fault', () => {
  const declaration: EventDeclaration = events.ProductCreated;
  const before = declaration.schema;
  const schema = events.ProductCreated.schema.extend({ version: z.literal(99), colour: z.string() });
  const next = earlierVersion(newestVersionOf(declaration), before, schema, {
    upcast: (event) => ({ ...(event as z.output<typeof schema>), colour: 'grey' }),
    downcast: (event) => event,
  });
  const changed = { ...declaration, schema, earlier: [...declaration.earlier, next] };
  expect(faultsOfSchemas(released, { ...events, ProductCreated: changed })).toEqual([]);
});
