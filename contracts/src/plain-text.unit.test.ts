import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { plainText } from './plain-text.js';

test.each([
  ['in composed and in decomposed form', ['Café', 'Cafe\u0301']],
  ['with a zero-width space', ['Books', 'Bo\u200boks', '\u200bBooks', 'Books\u2060']],
  ['with a soft hyphen', ['Lampshade', 'Lamp\u00adshade']],
  ['with a byte order mark', ['Books', '\ufeffBooks']],
  ['with direction marks', ['abc', 'a\u202eb\u202cc', '\u2066abc\u2069', '\u200fabc']],
  [
    'with odd spaces',
    ['Wireless Mouse', 'Wireless\u00a0Mouse', 'Wireless\u2003Mouse', ' Wireless  Mouse ', 'Wireless\u3000Mouse'],
  ],
  ['with joiners at the ends, or beside a space', ['R-1', '\u200dR-1', 'R-1\u200c', 'R\u200d-1']],
  ['with joiners in a script that does not join', ['Books', 'Bo\u200doks', 'Book\u200cs']],
  ['with selectors and tags without a base', ['Lamp', 'Lamp\ufe0f', 'L\ufe01amp', 'Lamp\u{e0061}']],
  ['with an invisible filler', ['R-1', 'R-1\u3164', 'R-1\uffa0', 'R\u115f-1']],
  ['with accents in another order', ['q\u0323\u0307', 'q\u0307\u0323']],
])('gives one spelling to a text %s', (_how, spellings) => {
  expect(new Set(spellings.map(plainText))).toEqual(new Set([(spellings[0] as string).normalize('NFC')]));
});

test.each([
  ['a family of emoji', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
  ['a heart in colour', '\u2764\ufe0f'],
  ['a rainbow flag', '\u{1f3f3}\ufe0f\u200d\u{1f308}'],
  ['the flag of Scotland', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
  ['a keycap digit', '1\ufe0f\u20e3'],
  ['Persian with a non-joiner', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
  ['Sinhala with a joiner', '\u0dc1\u0dca\u200d\u0dbb\u0dd3'],
  ['an ideograph with a variation selector', '\u845b\u{e0100}'],
  ['Hebrew', '\u05e9\u05dc\u05d5\u05dd'],
  ['the name of a special property in JavaScript', '__proto__'],
])('does not change %s', (_what, text) => {
  expect(plainText(text)).toBe(text);
});

test('keeps control characters, which the schemas refuse', () => {
  expect(['a\u0000b', 'a\nb', 'a\tb', 'a\u009bb'].map(plainText)).toEqual(['a\u0000b', 'a\nb', 'a\tb', 'a\u009bb']);
});

test('does not change a text that is already plain', () => {
  const units = fc.oneof(
    fc.constantFrom(
      '\u200b',
      '\u200d',
      '\ufe0f',
      '\u202e',
      ' ',
      '\u00a0',
      'e',
      '\u0301',
      '\u2764',
      '\u{1f468}',
      '\u3164',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  const texts = fc.array(units, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(texts, (text) => plainText(plainText(text)) === plainText(text)),
    { numRuns: 5_000 },
  );
});
