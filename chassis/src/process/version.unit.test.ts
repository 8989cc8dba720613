import { expect, test } from '@jest/globals';
import { compareVersions, ownVersion } from './version.js';

test.each([
  ['0.2.0', '0.3.0', -1],
  ['0.9.9', '0.10.0', -1],
  ['1.0.0', '0.99.99', 1],
  ['0.3.1', '0.3.0', 1],
  ['0.3.0', '0.3.0', 0],
])('compares %s with %s by number and returns the sign %i', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});

test('refuses a text that is no version', () => {
  expect(() => compareVersions('latest', '0.3.0')).toThrow('"latest" is not a version');
});

test('the own version can be compared', () => {
  expect(compareVersions(ownVersion(), '0.0.0')).toBeGreaterThan(0);
});
