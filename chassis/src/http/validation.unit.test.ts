import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonPointer, parseInput } from './validation.js';

test.each([
  [[], '#'],
  [['items', 0, 'quantity'], '#/items/0/quantity'],
  [['a/b', '~', 'ä'], '#/a~1b/~0/%C3%A4'],
  [['\ud800'], '#/%EF%BF%BD'],
])('formats %j as the JSON pointer %s', (path, pointer) => {
  expect(jsonPointer(path)).toBe(pointer);
});

test.each([
  ['a text', z.string()],
  ['a day', z.iso.date('must be a day')],
  ['a day or a date-time', z.union([z.iso.date(), z.iso.datetime()], { error: 'must be a date or date-time' })],
])('reports that a parameter for %s is given twice', (_what, schema) => {
  const twice = () => parseInput(z.strictObject({ days: schema }), { days: ['2026-11-20', '2026-11-21'] }, 'parameter');
  expect(twice).toThrow('days must be given once');
});
