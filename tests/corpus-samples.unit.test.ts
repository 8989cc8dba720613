import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { events, isEventType } from '@tallyline/contracts/events';
import { schemaOf } from '@tallyline/contracts/read-event';
import { corpusOf, type Sample, type Samples, sampleFilesOf, versionsOf } from './corpus/corpus.js';

/** Rules of a version that its JSON Schema does not show never change either: decimals, control characters, the spelling of texts. */

const corpus = corpusOf(fileURLToPath(new URL('../', import.meta.url)));

/** Returns a copy of `value` in which the entry at `path` is `next`. */
function withValue(value: unknown, [key, ...rest]: readonly string[], next: unknown): unknown {
  if (key === undefined) return next;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...(value as object) };
  return Object.assign(copy, { [key]: withValue(copy[key as never], rest, next) });
}

const valueAt = (value: unknown, path: string) =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

function versionOf(kind: string) {
  const [, type, version] = /^(\w+)\.v(\d+)$/.exec(kind) ?? [];
  const schema = isEventType(type) ? schemaOf(events[type], Number(version)) : undefined;
  if (schema === undefined) throw new Error(`the corpus has samples of ${kind}, which is not declared`);
  return schema;
}

/** Reads a sample as its verdict has it: the values that were read, or `refused`. */
function verdictOf(kind: string, base: unknown, { set, verdict }: Sample): Sample['verdict'] {
  const body = Object.entries(set).reduce((changed, [path, value]) => withValue(changed, path.split('.'), value), base);
  const { success, data } = versionOf(kind).safeParse(body);
  if (!success) return 'refused';
  const paths = Object.keys(verdict === 'refused' ? set : verdict);
  return Object.fromEntries(paths.map((path) => [path, valueAt(data, path)]));
}

const files = versionsOf(corpus).flatMap((release) =>
  sampleFilesOf(corpus, release).map((file) => {
    const { base, samples } = JSON.parse(readFileSync(join(corpus.folder, release, file), 'utf8')) as Samples;
    return { title: `${release}/${file}`, kind: file.split('/')[0] ?? '', base, samples };
  }),
);

test('the corpus has samples, and both verdicts are among them', () => {
  const verdicts = files.flatMap(({ samples }) => samples.map(({ verdict }) => verdict === 'refused'));
  expect(new Set(verdicts)).toEqual(new Set([true, false]));
});

describe.each(files)('$title:', ({ kind, base, samples }) => {
  test('the body without a change is read', () => {
    expect(versionOf(kind).safeParse(base).error).toBeUndefined();
  });

  test.each(samples.map((sample) => [Object.keys(sample.set).join(), sample.what, sample] as const))(
    'the verdict about %s is the one of the release: %s',
    (_path, _what, sample) => {
      expect(verdictOf(kind, base, sample)).toEqual(sample.verdict);
    },
  );
});
