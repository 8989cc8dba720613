import { expect, test } from '@jest/globals';
import { oneOfEachCode, writeProblems } from './write-problems.js';

test('a loop without trouble has no problem', () => {
  expect(writeProblems(undefined, 'apply parked events')).toEqual([]);
});

test('a failing loop has a problem that says what it cannot do', () => {
  expect(writeProblems(new Error('no connection'), 'apply parked events')).toEqual([
    { code: 'views-not-written', detail: expect.stringMatching(/^consumer-service cannot apply parked events: /) },
  ]);
});

test('of two problems with one code the first is reported', () => {
  const problems = ['a', 'b'].map((detail) => ({ code: 'views-not-written', detail }) as const);
  expect(oneOfEachCode(problems)).toEqual([problems[0]]);
});
