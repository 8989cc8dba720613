import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findDuplicateKey } from './duplicate-keys.js';

test.each([
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"b":{"c":[{"d":1},{"d":1,"e":2,"d":3}]}}', ['b', 'c', 1, 'd']],
  ['[{"a":1},[0,{"a" :1, "a"\n:1}]]', [1, 1, 'a']],
  ['{"name":1,"n\\u0061me":2}', ['name']],
  ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ['{"":{},"":[]}', ['']],
  ['{"a\\"":1,"a\\"":2}', ['a"']],
  ['{"1":1,"1":2}', ['1']],
])('finds the duplicate name in %s', (text, path) => {
  expect(findDuplicateKey(text)).toEqual(path);
});

test.each([
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
  '[{"a":1},{"a":1}]',
  '{"a":"\\"a\\":1, \\"a\\":2","b":"a"}',
  '{"a":"a","b":"{\\"a\\":","c":"\\\\"}',
  '"a"',
  '12',
])('finds no duplicate name in %s', (text) => {
  expect(findDuplicateKey(text)).toBeUndefined();
});

test('finds a duplicate name exactly when an object has one', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: 'binary' }),
      (value) => findDuplicateKey(JSON.stringify(value)) === undefined,
    ),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.jsonValue(), (name, first, second) => {
      const field = (value: unknown) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      expect(findDuplicateKey(`[0,{"x${name.length}y":[],${field(first)},${field(second)}}]`)).toEqual([1, name]);
    }),
  );
});
