import { expect, test } from '@jest/globals';
import { parseMigration } from './migration-file.js';

const head = (kind: string, more = '') => `-- kind: ${kind}\n-- step: expand\n${more}`;

test('reads kind, step, batch and checksum', () => {
  const sql = `${head('backfill', '-- batch: 50\n')}-- Why.\nUPDATE a SET b = 1 WHERE id IN (SELECT id FROM a LIMIT :batch)`;
  expect(parseMigration('migrations/read/0007-fill-b.sql', sql)).toEqual({
    id: '0007-fill-b',
    file: 'migrations/read/0007-fill-b.sql',
    kind: 'backfill',
    step: 'expand',
    batch: 50,
    sql,
    checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test.each([
  ['a name without a number', 'fill.sql', `${head('transaction')}SELECT 1`, 'the name must be four digits'],
  ['line endings of Windows', '0001-a.sql', `${head('transaction')}SELECT 1`.replaceAll('\n', '\r\n'), '(CRLF)'],
  ['no kind', '0001-a.sql', '-- step: expand\nSELECT 1', 'must have "-- kind: transaction" or "concurrently"'],
  [
    'an unknown step',
    '0001-a.sql',
    '-- kind: transaction\n-- step: later\nSELECT 1',
    '"-- step: expand" or "contract"',
  ],
  ['directives after other lines', '0001-a.sql', '-- Why.\n-- kind: transaction\n', 'its first lines'],
  ['no statement', '0001-a.sql', head('transaction'), 'it has no statement'],
  ['a batch of no rows', '0001-a.sql', `${head('backfill', '-- batch: 0\n')}UPDATE a`, 'batch must be a number'],
  ['a backfill of two statements', '0001-a.sql', `${head('backfill')}UPDATE a; UPDATE b`, 'is one statement'],
  ['a backfill without a limit', '0001-a.sql', `${head('backfill')}UPDATE a SET b = 1`, 'with :batch'],
  ['a backfill that only reads', '0001-a.sql', `${head('backfill')}SELECT f(:batch)`, 'changes rows'],
  [
    'an index that cannot be built again',
    '0001-a.sql',
    `${head('concurrently')}\nCREATE INDEX CONCURRENTLY a_b ON a (b)`,
    'line 4: a file of kind concurrently may only CREATE INDEX CONCURRENTLY IF NOT EXISTS',
  ],
  ['a transaction of its own', '0001-a.sql', `${head('transaction')}BEGIN;\nCOMMIT;`, 'line 3: the runner begins'],
])('refuses %s', (_what, name, sql, message) => {
  expect(() => parseMigration(`migrations/read/${name}`, sql)).toThrow(message);
});
