import { describe, expect, test } from '@jest/globals';
import { parseMigration } from '@tallyline/chassis/migrations/migration-file';
import { readSchema } from '@tallyline/chassis/migrations/prepare-database';
import { refusalsOf, ruleNames } from './locking-rules.js';

test.each(['write', 'read'] as const)('no migration of the %s database locks a table for long', async (side) => {
  const { migrations } = await readSchema(side);
  expect(migrations.length).toBeGreaterThan(0);
  expect(refusalsOf(migrations)).toEqual([]);
});

type Kind = 'transaction' | 'concurrently';
type Step = 'expand' | 'contract';
const file = (number: number, sql: string, kind: Kind = 'transaction', step: Step = 'expand') =>
  parseMigration(`migrations/write/000${number}-a.sql`, `-- kind: ${kind}\n-- step: ${step}\n${sql}`);

/** Examples of what each rule refuses. All begin on line 3, unless a DO block says otherwise. */
const refused: Readonly<Record<string, readonly string[]>> = {
  'CREATE INDEX on a table that exists needs CONCURRENTLY': [
    'CREATE INDEX orders_total ON orders (total)',
    'CREATE UNIQUE INDEX IF NOT EXISTS orders_total ON ONLY "orders" USING btree (total)',
    'CREATE TABLE other (id INT); CREATE INDEX orders_total ON orders (total)',
  ],
  'CONCURRENTLY needs "kind: concurrently"': ['CREATE INDEX CONCURRENTLY orders_total ON orders (total)'],
  'ALTER COLUMN … TYPE rewrites the table: add a column, backfill it, and change the readers': [
    'ALTER TABLE orders ALTER COLUMN total TYPE BIGINT',
    'ALTER TABLE ONLY orders ADD COLUMN a INT, ALTER total SET DATA TYPE TEXT USING total::text',
  ],
  'SET NOT NULL needs a validated CHECK (… IS NOT NULL) before it, or it reads the whole table': [
    'ALTER TABLE orders ALTER COLUMN note SET NOT NULL',
    'ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID; ALTER TABLE orders ALTER note SET NOT NULL',
  ],
  'ADD COLUMN … NOT NULL needs a constant DEFAULT': [
    'ALTER TABLE orders ADD COLUMN note TEXT NOT NULL',
    'ALTER TABLE IF EXISTS orders ADD IF NOT EXISTS note TEXT NOT NULL',
  ],
  'ADD COLUMN with a volatile DEFAULT or a generated value rewrites the table': [
    'ALTER TABLE orders ADD COLUMN token UUID NOT NULL DEFAULT gen_random_uuid()',
    'ALTER TABLE orders ADD COLUMN cents BIGINT GENERATED ALWAYS AS (total * 100) STORED',
    'ALTER TABLE orders ADD COLUMN number BIGSERIAL',
  ],
  'ADD COLUMN … PRIMARY KEY, UNIQUE, CHECK or REFERENCES reads the table under a lock: add the constraint by itself': [
    'ALTER TABLE orders ADD COLUMN line INT CHECK (line > 0)',
    'ALTER TABLE orders ADD COLUMN branch TEXT REFERENCES branches',
  ],
  'ADD CHECK or FOREIGN KEY needs NOT VALID, and VALIDATE CONSTRAINT in a later file': [
    'ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)',
    'ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)',
  ],
  'VALIDATE CONSTRAINT reads the whole table under the lock of an earlier ALTER TABLE: put it into a file of its own': [
    'ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;\nALTER TABLE a VALIDATE CONSTRAINT c',
  ],
  'ADD UNIQUE, PRIMARY KEY or EXCLUDE needs USING INDEX with an index that was built concurrently': [
    'ALTER TABLE orders ADD UNIQUE (customer_id)',
    'ALTER TABLE orders ADD CONSTRAINT key PRIMARY KEY (id)',
  ],
  'RENAME in an expand step takes a name away from running services': [
    'ALTER TABLE orders RENAME COLUMN total TO sum',
    'ALTER TABLE orders RENAME TO sales',
    'ALTER INDEX orders_total RENAME TO orders_sum',
    'ALTER TABLE orders RENAME TO orders_before; ALTER TABLE orders_next RENAME TO orders; ALTER TABLE a RENAME TO b',
  ],
  'DROP of a column in an expand step takes it away from running services': [
    'ALTER TABLE orders DROP COLUMN total',
    'ALTER TABLE orders DROP total',
  ],
  'DROP in an expand step takes the object away from running services': [
    'DROP TABLE IF EXISTS orders',
    'DROP FUNCTION create_event_archive_months()',
  ],
  'DROP INDEX needs CONCURRENTLY': ['DROP INDEX orders_customer_id'],
  'VACUUM FULL and CLUSTER lock the table while they rewrite it': [
    'VACUUM FULL orders',
    'VACUUM (ANALYZE, FULL) orders',
    'CLUSTER orders USING orders_pkey',
  ],
  'REINDEX needs CONCURRENTLY': ['REINDEX TABLE orders'],
  'LOCK TABLE holds its lock until the end of the file': ['LOCK TABLE orders IN SHARE MODE', 'LOCK orders'],
  'TRUNCATE locks the table and deletes what services may need': ['TRUNCATE orders'],
  'SET LOGGED, SET UNLOGGED, SET ACCESS METHOD and SET TABLESPACE rewrite the table': [
    'ALTER TABLE orders SET UNLOGGED',
  ],
  'EXECUTE runs a text that these rules cannot read': ["DO $$ BEGIN EXECUTE 'DROP TABLE orders'; END $$"],
  'The runner sets lock_timeout': ["SET LOCAL lock_timeout = '1h'"],
};

test('every rule has an example', () => {
  expect(Object.keys(refused).sort()).toEqual([...ruleNames].sort());
});

describe.each(Object.entries(refused))('%s', (rule, examples) => {
  test.each(examples)('refuses %s', (sql) => {
    const found = refusalsOf([file(7, sql)]).filter((refusal) => refusal.rule === rule);
    const line = sql.includes('\n') ? 4 : 3;
    expect(found[0]).toEqual({ file: 'migrations/write/0007-a.sql', line, rule });
  });
});

test('names the line within a DO block', () => {
  const sql = 'DO $$ BEGIN\n  IF true THEN\n    ALTER TABLE orders ALTER COLUMN total TYPE BIGINT;\n  END IF;\nEND $$';
  expect(refusalsOf([file(1, sql)])).toMatchObject([{ line: 5 }]);
});

describe('accepts', () => {
  test.each<readonly [string, Kind, Step]>([
    [
      'CREATE TABLE a (b INT CHECK (b > 0)); CREATE INDEX a_b ON a (b); ALTER TABLE a ADD UNIQUE (b)',
      'transaction',
      'expand',
    ],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_total ON orders (total)', 'concurrently', 'expand'],
    ['ALTER TABLE orders VALIDATE CONSTRAINT positive', 'concurrently', 'expand'],
    ['ALTER TABLE orders VALIDATE CONSTRAINT positive', 'transaction', 'expand'],
    [
      "ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT 'a, b', ADD at TIMESTAMPTZ DEFAULT now()",
      'transaction',
      'expand',
    ],
    ['ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID', 'transaction', 'expand'],
    ['ALTER TABLE orders ADD CONSTRAINT orders_key UNIQUE USING INDEX orders_key', 'transaction', 'expand'],
    ['ALTER TABLE orders DROP CONSTRAINT positive, ALTER COLUMN note DROP NOT NULL', 'transaction', 'expand'],
    ['ALTER TABLE orders DROP COLUMN total; DROP TABLE customers', 'transaction', 'contract'],
    ['ALTER TABLE orders RENAME COLUMN total TO sum', 'transaction', 'contract'],
    ['LOCK TABLE a; ALTER TABLE a RENAME TO a_old; ALTER TABLE a_new RENAME TO a', 'transaction', 'expand'],
    ["UPDATE orders SET status = 'DROP TABLE orders' -- VACUUM FULL", 'transaction', 'expand'],
    [
      'CREATE FUNCTION f() RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE orders; END $$',
      'transaction',
      'expand',
    ],
  ])('%s (%s, %s)', (sql, kind, step) => {
    expect(refusalsOf([file(1, sql, kind, step)])).toEqual([]);
  });

  test('SET NOT NULL after a CHECK of an earlier file was validated', () => {
    expect(
      refusalsOf([
        file(1, 'ALTER TABLE orders ADD CONSTRAINT has_note CHECK (note IS NOT NULL) NOT VALID'),
        file(2, 'ALTER TABLE orders VALIDATE CONSTRAINT has_note', 'concurrently'),
        file(3, 'ALTER TABLE orders ALTER COLUMN note SET NOT NULL; ALTER TABLE orders DROP CONSTRAINT has_note'),
      ]),
    ).toEqual([]);
  });
});
