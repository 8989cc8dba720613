import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type EventDeclaration, newestVersionOf } from '@tallyline/contracts/event-versions';
import { schemaOf } from '@tallyline/contracts/read-event';
import { z } from 'zod';
import { type Corpus, hashesOf, type Manifest, manifestPath, readManifest, sha256, versionsOf } from './corpus.js';

type Declarations = Readonly<Record<string, EventDeclaration>>;

/** Builds the JSON Schema of every version of every event type, as a reader accepts it. */
export function schemasOf(declarations: Declarations): Readonly<Record<string, unknown>> {
  const all = Object.entries(declarations).flatMap(([type, declaration]) =>
    Array.from({ length: newestVersionOf(declaration) }, (_, index) => {
      const schema = z.toJSONSchema(schemaOf(declaration, index + 1) as z.ZodType, { target: 'draft-7', io: 'input' });
      const { $schema, ...rest } = schema;
      return [`${type}.v${index + 1}`, rest] as const;
    }),
  );
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function manifestOf(corpus: Corpus, version: string, declarations: Declarations): Manifest {
  const previous = hashOfPrevious(corpus, version);
  return {
    release: version,
    ...(previous !== undefined && { previous }),
    schemas: schemasOf(declarations),
    messages: hashesOf(corpus, version),
  };
}

/** Hashes the manifest of the version before; undefined if there is none. */
function hashOfPrevious(corpus: Corpus, version: string): string | undefined {
  const versions = versionsOf(corpus);
  const before = versions[versions.indexOf(version) - 1];
  if (before === undefined) return undefined;
  const path = manifestPath(corpus, before);
  return existsSync(path) ? sha256(readFileSync(path)) : undefined;
}

/** Lists what is wrong with the files of the versions: each must be what the manifest of its version says. */
export function faultsOfFiles(corpus: Corpus, versions: readonly string[]): string[] {
  return versions.flatMap((version) => {
    const manifest = readManifest(corpus, version);
    if (manifest === undefined) return [`${version} has no manifest`];
    const found = hashesOf(corpus, version);
    const names = new Set([...Object.keys(manifest.messages), ...Object.keys(found)]);
    const ofFiles = [...names].sort().flatMap((name) => {
      const [wanted, actual] = [manifest.messages[name], found[name]];
      if (actual === undefined) return [`${version}/${name} is missing`];
      if (wanted === undefined) return [`${version}/${name} is not in the manifest`];
      return wanted === actual ? [] : [`${version}/${name} was changed`];
    });
    const isChained = manifest.previous === hashOfPrevious(corpus, version);
    return isChained ? ofFiles : [...ofFiles, `the manifest of the version before ${version} was changed`];
  });
}

/**
 * Lists the versions of events whose schema is not the one of `manifest`. A schema that a release has published never
 * changes, and never goes away: a change is a new version.
 */
export function faultsOfSchemas({ release, schemas }: Manifest, declarations: Declarations): string[] {
  const current = schemasOf(declarations);
  return Object.entries(schemas).flatMap(([name, schema]) => {
    if (current[name] === undefined) return [`${name}, which ${release} published, is not declared any more`];
    if (isDeepStrictEqual(current[name], schema)) return [];
    return [`the schema of ${name} is not the one of ${release}: declare a new version of the event instead`];
  });
}
