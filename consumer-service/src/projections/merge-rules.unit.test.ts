import { expect, test } from '@jest/globals';
import type { ProductCreated } from '@tallyline/contracts/events';
import { adds, type Column, first, firstKnown, greatest, latest, type Row } from './merge-rules.js';
import { mergedRows } from './merged-rows.js';
import { upsertInto } from './upsert.js';
import { view } from './view.js';

const key = { branch_id: 'text', product_id: 'bigint' } as const;

/** Returns a derived upsert without its line breaks. */
function sqlOf(columns: Readonly<Record<string, Column>>): string {
  return upsertInto({ table: 't', key, columns })([]).sql.replace(/\s+/g, ' ').trim();
}

test('an upsert inserts the arrays of its parameters, and divides money from cents', () => {
  const upsert = upsertInto({ table: 't', key, columns: { units: adds('bigint'), revenue: adds('money') } });
  const rows = [
    { branch_id: 'north', product_id: 1, units: 2, revenue: 450 },
    { branch_id: 'south', product_id: 1, units: 1, revenue: 225n },
  ];
  expect({ ...upsert(rows), sql: upsert(rows).sql.replace(/\s+/g, ' ').trim() }).toEqual({
    name: 'upsert-t',
    sql:
      'INSERT INTO t AS v (branch_id, product_id, units, revenue) ' +
      'SELECT branch_id, product_id, units, revenue * 0.01 ' +
      'FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS d (branch_id, product_id, units, revenue) ' +
      'ON CONFLICT (branch_id, product_id) DO UPDATE SET units = v.units + EXCLUDED.units, revenue = v.revenue + EXCLUDED.revenue',
    values: [
      ['north', 'south'],
      [1, 1],
      [2, 1],
      [450, 225n],
    ],
  });
});

test('an upsert of columns that all have the rule first does not change a stored row', () => {
  expect(sqlOf({ name: first('text'), items: first('jsonb') })).toContain(
    'ON CONFLICT (branch_id, product_id) DO NOTHING',
  );
});

test('an upsert into a table without columns besides its key only inserts new keys', () => {
  expect(sqlOf({})).toMatch(/\(branch_id, product_id\) SELECT branch_id, product_id FROM .* DO NOTHING$/);
});

test.each([
  ['adds', { c: adds('bigint') }, 'c = v.c + EXCLUDED.c'],
  ['greatest', { c: greatest('timestamptz') }, 'c = GREATEST(v.c, EXCLUDED.c)'],
  ['first', { c: first('text'), other: adds('bigint') }, 'other = v.other + EXCLUDED.other'],
  ['firstKnown', { c: firstKnown('text') }, 'c = COALESCE(v.c, EXCLUDED.c)'],
  [
    'latest',
    { c: latest('money', 'revision'), revision: greatest('bigint') },
    'c = CASE WHEN v.revision IS NULL OR EXCLUDED.revision > v.revision THEN EXCLUDED.c ELSE v.c END, ' +
      'revision = GREATEST(v.revision, EXCLUDED.revision)',
  ],
])('the rule %s becomes its SQL expression', (_rule, columns: Readonly<Record<string, Column>>, expected) => {
  expect(sqlOf(columns).split(' DO UPDATE SET ')[1]).toBe(expected);
});

/** Makes one row per value, and merges them like the rows of one batch. */
function mergedInBatch(columns: Readonly<Record<string, Column>>, ...values: Row[]): Row | undefined {
  const rows = [...values];
  const declared = view({
    table: 't',
    revision: 1,
    key: { id: 'bigint' },
    columns,
    folds: { ProductCreated: () => [{ id: 1, ...rows.shift() }] as never },
  });
  return mergedRows(
    declared,
    values.map(() => ({ eventType: 'ProductCreated' }) as ProductCreated),
  )[0];
}

test.each([
  ['adds counts', { c: adds('bigint') }, [{ c: 2 }, { c: -1 }], { c: 1 }],
  ['adds cents beyond 2^53', { c: adds('money') }, [{ c: 2 ** 53 - 1 }, { c: 2 }, { c: 0 }], { c: 2n ** 53n + 1n }],
  [
    'takes the greatest instant, whatever its precision',
    { c: greatest('timestamptz') },
    [{ c: '2026-11-20T08:17:46Z' }, { c: '2026-11-20T08:17:46.438Z' }, { c: null }],
    { c: '2026-11-20T08:17:46.438Z' },
  ],
  ['keeps the first value', { c: first('text') }, [{ c: 'a' }, { c: 'b' }], { c: 'a' }],
  ['keeps the first known value', { c: firstKnown('text') }, [{ c: null }, { c: 'a' }, { c: 'b' }], { c: 'a' }],
  [
    'takes the value of the latest revision',
    { c: latest('text', 'revision'), revision: greatest('bigint') },
    [
      { c: null, revision: null },
      { c: 'second', revision: 2 },
      { c: 'first', revision: 1 },
      { c: null, revision: null },
    ],
    { c: 'second', revision: 2 },
  ],
])('merging rows of one batch %s', (_what, columns: Readonly<Record<string, Column>>, rows: Row[], expected) => {
  expect(mergedInBatch(columns, ...rows)).toEqual({ id: 1, ...expected });
});

test.each([
  ['is missing', { c: latest('text', 'revision') }],
  ['does not grow', { c: latest('text', 'revision'), revision: first('bigint') }],
  ['is merged before it', { revision: greatest('bigint'), c: latest('text', 'revision') }],
])('refuses a column with the rule latest whose revision %s', (_what, columns: Readonly<Record<string, Column>>) => {
  expect(() => mergedInBatch(columns)).toThrow('t.c: declare its revision revision');
});
