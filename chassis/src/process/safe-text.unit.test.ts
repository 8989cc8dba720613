import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printableColours, printableLine, printableText, redactUrls } from './safe-text.js';

test.each([
  ['an escape sequence', 'a\u001b[2J\u001b]0;title\u0007b', 'a\\u001b[2J\\u001b]0;title\\u0007b'],
  ['an escape sequence that begins with a C1 control character', 'a\u009b2Jb\u0090', 'a\\u009b2Jb\\u0090'],
  ['a carriage return', 'good\rbad', 'good\\u000dbad'],
  ['a line feed', 'good\nbad', 'good\\u000abad'],
  ['a direction mark', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
  ['a line separator', 'a\u2028b\u0085c', 'a\\u2028b\\u0085c'],
  ['an invisible character', 'a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
  ['a character beyond the basic plane', 'a\u{e0041}b', 'a\\udb40\\udc41b'],
])('escapes %s in a line', (_what, text, shown) => {
  expect(printableLine(text)).toBe(shown);
});

test('keeps ordinary words of any script', () => {
  const words = 'Ünïcödé 茶 می‌خواهم 👨‍👩‍👧 "x" \\u0041';
  expect([printableLine(words), printableText(words), printableColours(words)]).toEqual([words, words, words]);
});

test('keeps line breaks in text, and only colour sequences in coloured text', () => {
  expect(printableText('a\n\tb\u001b[31mc')).toBe('a\n\tb\\u001b[31mc');
  expect(printableColours('\u001b[31mred\u001b[0m\n\u001b[2J')).toBe('\u001b[31mred\u001b[0m\n\\u001b[2J');
});

test('keeps the value of printed JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.parse(printableText(text))).toEqual(JSON.parse(text));
      expect(JSON.parse(printableLine(text))).toEqual(JSON.parse(text));
    }),
  );
});

test.each([
  ['connect to postgres://postgres:geheim@db:5432/x failed', 'connect to postgres://postgres:***@db:5432/x failed'],
  ['amqp://guest:guest@127.0.0.1:5672, amqps://a:b@c', 'amqp://guest:***@127.0.0.1:5672, amqps://a:***@c'],
  ['amqp://shop:p@ss:w0rd@broker', 'amqp://shop:***@broker'],
  ['postgres://db/x?user=me&password=geheim&ssl=true', 'postgres://db/x?user=me&password=***&ssl=true'],
  ['http://127.0.0.1:8080/docs', 'http://127.0.0.1:8080/docs'],
])('removes only the password from %s', (text, shown) => {
  expect(redactUrls(text)).toBe(shown);
});
