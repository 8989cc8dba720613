import { expect, test } from '@jest/globals';
import { environment } from './environment.js';
import { defaultVersions, writtenVersionsOf } from './written-versions.js';

test('types that EVENT_VERSIONS does not name are written in their default version', () => {
  expect(writtenVersionsOf('')).toEqual(defaultVersions);
  expect(writtenVersionsOf(' OrderCreated = 1 ,')).toEqual({ ...defaultVersions, OrderCreated: 1 });
});

test.each([
  ['OrderEaten=1', '"OrderEaten=1" must be TYPE=VERSION'],
  ['OrderCreated', '"OrderCreated" must be TYPE=VERSION'],
  ['OrderCreated=0', '"OrderCreated=0": OrderCreated has the version'],
  ['ProductCreated=99', '"ProductCreated=99": ProductCreated has the version'],
])('EVENT_VERSIONS=%s is refused, and the error names the fault', (setting, fault) => {
  const { error } = environment.pick({ EVENT_VERSIONS: true }).safeParse({ EVENT_VERSIONS: setting });
  expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining(fault)]);
});
