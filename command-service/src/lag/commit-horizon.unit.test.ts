import { expect, test } from '@jest/globals';
import { commitHorizon, type Look, look } from './commit-horizon.js';

const at = (second: number) => new Date(second * 1000);

/** The horizon after a series of looks, one each second. */
function horizonAfter(...writersOfEachLook: string[][]): Date | undefined {
  const last = writersOfEachLook.reduce<Look | undefined>(
    (before, writers, index) => look(before, at(index + 1), writers),
    undefined,
  );
  return last && commitHorizon(last);
}

test.each([
  ['there are no writers', [[]], at(1)],
  ['the first look shows a writer', [['a']], undefined],
  ['a writer of the first look is still there', [['a'], ['a', 'b']], undefined],
  ['the writer of the first look is gone', [['a'], []], at(2)],
  ['a writer came after the first look', [[], ['a']], at(1)],
  ['that writer is still there, and others came and went', [[], ['a'], ['a', 'b'], ['a', 'c']], at(1)],
  ['that writer is gone, and a later one is there', [[], ['a'], ['a', 'b'], ['b']], at(2)],
])('finds the commit horizon when %s', (_when, looks, horizon) => {
  expect(horizonAfter(...looks)).toEqual(horizon);
});
