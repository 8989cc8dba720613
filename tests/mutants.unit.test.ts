import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { mutants } from './mutants/bugs/index.js';

const textOf = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

// `npm run faults:mutants` runs rarely. This test reports at once that a line which a mutant replaces has changed.
test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'finds the source that the mutant %s replaces, exactly once',
  (_name, { changes }) => {
    for (const { file, from } of changes)
      expect({ file, from, times: textOf(file).split(from).length - 1 }).toMatchObject({ times: 1 });
  },
);

const PLACEHOLDER = /%[sjid]|\$\{.*?\}|\$[\w.]+/;
const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Returns whether a literal of the file, such as the title of a `test.each`, gives a test this name. */
function hasTest(file: string, name: string): boolean {
  const literals = textOf(file).match(/'(?:\\.|[^'\\\n])+'|"(?:\\.|[^"\\\n])+"|`[^`]+`/g) ?? [];
  const titles = literals.map((literal) => literal.slice(1, -1).split(PLACEHOLDER));
  return titles
    .filter((parts) => parts.join('').length > 8)
    .some((parts) => new RegExp(`(?:^| )${parts.map(escaped).join('.*')}$`).test(name));
}

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'finds the test that must catch the mutant %s',
  (_name, { caughtBy }) => {
    expect([caughtBy, hasTest(caughtBy.file, caughtBy.name)]).toEqual([caughtBy, true]);
  },
);
