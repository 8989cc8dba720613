import { expect, test } from '@jest/globals';
import { runWrites } from '@tallyline/chassis/postgres/one-round-trip';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { views, viewTables } from './index.js';
import { adds, firstKnown, greatest, latest, type Row } from './merge-rules.js';
import { upsertInto } from './upsert.js';

const { pool } = await openTestDatabase('read');

/** Tables of the read database that no events are folded into. */
const notViews = [
  'branches',
  'dead_letters',
  'event_archive',
  'event_archive_moved',
  'event_ledger',
  'parked_count',
  'parked_events',
  'processed_events',
  'replay_state',
  'schema_migrations',
  'service_heartbeats',
  'service_problems',
  'sources',
  'storage_probe',
  'sync_state',
  'view_history',
];

test('every table of init-read.sql is declared as a view or is known not to be one', async () => {
  const { rows } = await pool.query(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  );
  expect(rows.map(({ name }) => name).sort()).toEqual([...viewTables, ...notViews].sort());
});

test.each(views.filter(({ hasOwnSql }) => !hasOwnSql).map((view) => [view.table, view] as const))(
  'the table %s has the key, the columns and the types of its declaration',
  async (table, { key, columns }) => {
    const { rows } = await pool.query(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type, attnum = ANY (indkey) AS "isKey"
         FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    );
    const names = { money: 'numeric', timestamptz: 'timestamp with time zone' } as Readonly<Record<string, string>>;
    const inTable = (isKey: boolean) =>
      Object.fromEntries(rows.filter((row) => row.isKey === isKey).map(({ name, type }) => [name, type]));
    const declared = (types: readonly (readonly [string, string])[]) =>
      Object.fromEntries(types.map(([name, type]) => [name, names[type] ?? type]));
    expect(declared(Object.entries(key))).toEqual(inTable(true));
    expect(declared(Object.entries(columns).map(([name, { type }]) => [name, type]))).toEqual(inTable(false));
  },
);

test("PostgreSQL merges rows by their columns' rules, with the same result in any order", async () => {
  await pool.query(
    'CREATE TABLE merged (id BIGINT PRIMARY KEY, name TEXT, sold BIGINT, last DATE, price NUMERIC, revision BIGINT)',
  );
  const upsert = upsertInto({
    table: 'merged',
    key: { id: 'bigint' },
    columns: {
      name: firstKnown('text'),
      sold: adds('bigint'),
      last: greatest('date'),
      price: latest('money', 'revision'),
      revision: greatest('bigint'),
    },
  });
  const created = { id: 1, name: 'Lamp', sold: 0, last: null, price: 450, revision: 0 };
  const sold = { id: 1, name: null, sold: 3, last: '2026-11-20', price: null, revision: null };
  const returned = { id: 1, name: null, sold: -1, last: '2026-11-19', price: null, revision: null };
  const dearer = { id: 1, name: null, sold: 0, last: null, price: 500, revision: 2 };
  const cheaper = { id: 1, name: null, sold: 0, last: null, price: 400, revision: 1 };
  const orders: Row[][] = [
    [created, sold, returned, cheaper, dearer],
    [dearer, cheaper, returned, sold, created],
    [sold, dearer, created, returned, cheaper],
  ];
  for (const order of orders) {
    await pool.query('TRUNCATE merged');
    for (const row of order) await runWrites(onPool(pool), 'merge', [upsert([row])]);
    const { rows } = await pool.query('SELECT name, sold::int, last::text, price::text, revision::int FROM merged');
    expect(rows).toEqual([{ name: 'Lamp', sold: 2, last: '2026-11-20', price: '5.00', revision: 2 }]);
  }
});
