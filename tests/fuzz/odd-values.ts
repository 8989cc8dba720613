import fc from 'fast-check';

/** Texts that often break programs: NUL, half a surrogate pair, blank text, names on prototypes, SQL, odd numbers. */
const notoriousTexts = [
  ...['', ' ', '\u0000', 'a\u0000b', '\ud800', 'a\udfffb', '\ufeff', '\u2028', '\u202e', '\ufffe', '\u0085', '\u007f'],
  ...[
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    'e\u0301',
    '\u00df',
    '\u0130',
    '\u{10ffff}',
    'x'.repeat(201),
    '𝒳'.repeat(64),
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    'true',
    '[object Object]',
  ],
  ...['NaN', 'Infinity', '-Infinity', '1e3', '0x10', '1,5', '١', '１', '-0', '1n', '1_000', '00', '9007199254740993'],
  ...["'; DROP TABLE orders; --", '$1', '%', '%00', '%E0%A4', '../..', '\\', '"', '{}', 'downtown\n', '<script>'],
];

export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...notoriousTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
);

/** Limits of the types that a number is stored in: int4, int8, exact doubles, cents, NUMERIC. */
const edges = [
  ...[0, -0, 1, -1, 0.1, 0.01, 0.001, 1.005, 1.999, 2.675, 1e-7, 5e-324],
  ...[100, 10_000, 10_001, 9_999_999.99, 10_000_000, 10_000_000.01, 32_768, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 51, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, 1e21, 1e300, Number.MAX_VALUE],
];

const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...edges, ...edges.map((edge) => -edge)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

export const oddName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'to_string',
    '',
    'a/b',
    'a~b',
    'ID',
    'price ',
    'items',
    'qty',
  ),
  oddText,
);

/** Generates JSON values that a field does not expect. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(
  oddNumber,
  oddText,
  fc.constantFrom(null, true, false, [], {}, [[]], [null], { length: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);
