import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys, type Difference, differences, type Row } from './compare.js';
import { minus } from './decimal.js';

async function* inBatches(rows: readonly Row[], size: number): AsyncGenerator<Row[]> {
  for (let first = 0; first < rows.length; first += size) yield rows.slice(first, first + size);
}

async function found(have: readonly Row[], want: readonly Row[], order: 'number' | 'bytes'): Promise<Difference[]> {
  const all: Difference[] = [];
  for await (const difference of differences(inBatches(have, 3), inBatches(want, 4), order)) all.push(difference);
  return all;
}

test('finds exactly the rows that differ, for any rows and batch sizes', async () => {
  const side = (keys: fc.Arbitrary<string | number>) => fc.dictionary(keys.map(String), fc.integer({ min: 0, max: 2 }));
  for (const order of ['number', 'bytes'] as const) {
    const keys = order === 'number' ? fc.nat(40) : fc.string({ unit: 'grapheme', maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(side(keys), side(keys), async (have, want) => {
        const rows = (values: Record<string, number>): Row[] =>
          Object.entries(values)
            .map(([k, value]) => ({ k: order === 'number' ? Number(k) : k, value }))
            .sort((a, b) => compareKeys(a.k, b.k, order));
        const expected = [...new Set([...Object.keys(have), ...Object.keys(want)])].filter((k) => have[k] !== want[k]);
        const differing = await found(rows(have), rows(want), order);
        expect(differing.map(({ key }) => String(key)).sort()).toEqual(expected.sort());
      }),
    );
  }
});

test('compares texts by their UTF-8 bytes, as the database does', () => {
  expect('𝒜' < 'ﬀ').toBe(true);
  expect(compareKeys('𝒜', 'ﬀ', 'bytes')).toBeGreaterThan(0);
});

test('subtracts amounts exactly and without trailing zeros', () => {
  expect(minus('0.3', '0.1')).toBe('0.2');
  expect(minus('90071992547409930.01', '90071992547409930.02')).toBe('-0.01');
  expect(minus('-1.5', '-1.50')).toBe('0');
  expect(minus('100', '0.001')).toBe('99.999');
});
