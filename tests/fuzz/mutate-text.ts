import fc from 'fast-check';
import { oddJson, oddName } from './odd-values.js';

/** Generates bodies that JSON.stringify never writes, but that a client may send. */
export function garbled(json: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(json, fc.nat({ max: 400 })).map(([text, at]) => text.slice(0, at % (text.length + 1))),
    fc.tuple(json, oddName, oddJson).map(([text, name, value]) => withFirstField(text, name, value)),
    fc.tuple(json, fc.constantFrom(...numerals)).map(([text, numeral]) => text.replace(/\b\d+(\.\d+)?\b/, numeral)),
    fc
      .tuple(json, fc.constantFrom('\ufeff', ' \r\n\t', '\u00a0', '}', ',', '\u0000', '//'))
      .map(([text, extra]) => extra + text),
    fc.tuple(json, fc.constantFrom(' \r\n', '}', ',', '\u0000', '{}', '/**/')).map(([text, extra]) => text + extra),
    fc.integer({ min: 1, max: 30_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
    fc.integer({ min: 1, max: 8_000 }).map((depth) => `${'{"items":'.repeat(depth)}1${'}'.repeat(depth)}`),
    fc.constantFrom('', 'null', 'true', '0', '""', '[]', '{}', 'NaN', 'undefined', "{'a':1}", '\u0000', '"\ud800"'),
    json.map((text) => text + ' '.repeat(70_000)),
  );
}

const numerals = [
  '1e0',
  '1.0',
  '1.00',
  '-0',
  '1e400',
  '-1e400',
  '1e-400',
  '01',
  '+1',
  '.5',
  '0x1',
  'NaN',
  '1'.repeat(400),
];

function withFirstField(text: string, name: string, value: unknown): string {
  return text.replace('{', () => `{${JSON.stringify(name)}:${JSON.stringify(value)},`);
}

/** Repeats a field in one object. JSON parsers disagree about which one counts, so the services refuse it. */
export function withFieldTwice(text: string, which: number): string {
  const fields = [...text.matchAll(/"\w+":(?:"[^"\\]*"|[\d.]+)/g)];
  const field = fields[which % Math.max(fields.length, 1)];
  return field === undefined ? text : `${text.slice(0, field.index)}${field[0]},${text.slice(field.index)}`;
}
