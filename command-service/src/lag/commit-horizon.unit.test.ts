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
  ['is the time of the only look when there are no writers', [[]], at(1)],
  ['is unknown when the first look shows a writer', [['a']], undefined],
  ['is unknown while a writer of the first look is still there', [['a'], ['a', 'b']], undefined],
  ['is the time of the second look when the writer of the first look is gone', [['a'], []], at(2)],
  ['is the time of the first look when a writer came after it', [[], ['a']], at(1)],
  ['stays the time of the last look without the oldest writer', [[], ['a'], ['a', 'b'], ['a', 'c']], at(1)],
  ['advances when the oldest writer is gone and a later one is there', [[], ['a'], ['a', 'b'], ['b']], at(2)],
])('the commit horizon %s', (_expectation, looks, horizon) => {
  expect(horizonAfter(...looks)).toEqual(horizon);
});
