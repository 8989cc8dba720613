import { expect, test } from '@jest/globals';
import { splitStatements, withoutLiterals } from './split-statements.js';

const textsOf = (sql: string) => splitStatements(sql).map(({ text }) => text);

test('splits at semicolons and leaves out empty statements', () => {
  expect(textsOf('SELECT 1;\n\nSELECT 2;;')).toEqual(['SELECT 1', 'SELECT 2']);
  expect(textsOf('-- nothing\n')).toEqual([]);
});

test.each([
  ['a string', "SELECT 'a;b''c;'"],
  ['a quoted name', 'SELECT 1 AS "a;b"'],
  ['a body in dollar quotes', 'DO $$ BEGIN a; b; END $$'],
  ['a body in named dollar quotes', 'DO $body$ BEGIN a := $$;$$; END $body$'],
])('does not split within %s', (_what, sql) => {
  expect(textsOf(`${sql};\nSELECT 2`)).toEqual([sql, 'SELECT 2']);
});

test('ignores semicolons of comments, and comments within strings', () => {
  expect(textsOf("SELECT 1 -- one; two\n + 2; /* a;\nb */ SELECT '--x;'")).toEqual([
    expect.stringMatching(/^SELECT 1 +\n \+ 2$/),
    "SELECT '--x;'",
  ]);
});

test('knows the line of each statement', () => {
  const sql = '-- kind: transaction\n\nSELECT 1;\n/* two\nlines */ SELECT 2;';
  expect(splitStatements(sql).map(({ line }) => line)).toEqual([3, 5]);
});

test('blanks literals without moving what follows', () => {
  expect(withoutLiterals(`SELECT 'x', "y", $$z$$, 1`)).toBe(`SELECT    , "y",      , 1`);
});
