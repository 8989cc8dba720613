import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { mutants } from './mutants/bugs/index.js';

const textOf = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

// npm run faults:mutants takes a minute and is run now and then: a line that has moved must be seen at once.
test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'the bug %s can still be put in',
  (_name, { changes }) => {
    for (const { file, from } of changes)
      expect({ file, from, times: textOf(file).split(from).length - 1 }).toMatchObject({ times: 1 });
  },
);
