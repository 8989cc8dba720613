import { expect, test } from '@jest/globals';
import { jsonPointer } from './validation.js';

test.each([
  [[], '#'],
  [['items', 0, 'quantity'], '#/items/0/quantity'],
  [['a/b', '~', 'ä'], '#/a~1b/~0/%C3%A4'],
  [['\ud800'], '#/%EF%BF%BD'],
])('the JSON pointer of %j is %s', (path, pointer) => {
  expect(jsonPointer(path)).toBe(pointer);
});
