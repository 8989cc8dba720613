import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { ARCHIVE_LOCK } from '@tallyline/contracts/archive-lock';
import { createTestDatabases, openTestPool, type TestDatabases } from '@tallyline/local/testing/test-databases';
import type pg from 'pg';
import { runCommand } from '../../tests/setup/run-command.js';
import { createTestPool } from '../../tests/setup/test-database.js';

/** The lake of a database that is lost. Each test starts with a new, empty database. */
let lake: string;
let lost: readonly string[];
let databases: TestDatabases;
let pool: pg.Pool;

beforeAll(async () => {
  lake = await mkdtemp(join(tmpdir(), 'tallyline-lake-'));
  await openDatabase();
  await createMonth('2025_12', '2025-12-01', '2026-01-01', 30);
  await createMonth('2026_01', '2026-01-01', '2026-02-01', 7);
  await expectArchive([0, /2026-01: 7 events written/], 'export');
  lost = await allRows();
  await closeDatabase();
});
beforeEach(openDatabase);
afterEach(closeDatabase);
afterAll(() => rm(lake, { recursive: true, force: true }));

async function openDatabase(): Promise<void> {
  databases = await createTestDatabases();
  pool = openTestPool(databases.readDatabaseUrl);
}

async function closeDatabase(): Promise<void> {
  await pool.end();
  await databases.drop();
}

async function createMonth(name: string, from: string, to: string, events = 0): Promise<void> {
  await pool.query(
    `CREATE TABLE event_archive_${name} PARTITION OF event_archive FOR VALUES FROM ('${from} 00:00+00') TO ('${to} 00:00+00')`,
  );
  await pool.query(
    `INSERT INTO event_archive (event_id, received_at, event_type, queue, occurred_at, counted, body)
     SELECT gen_random_uuid(), $1::timestamptz + n * interval '1 second', 'OrderCreated', 'order-events', now(), true, '{}'
       FROM generate_series(1, $2::int) AS n`,
    [`${from}Z`, events],
  );
}

async function allRows(): Promise<string[]> {
  const { rows } = await pool.query('SELECT e::text AS row FROM event_archive e ORDER BY received_at');
  return rows.map(({ row }) => row);
}

async function expectArchive(expected: [code: number, text: RegExp], command: string, ...args: string[]) {
  const { code, stdout, stderr } = await runCommand(databases, 'archive', command, '--dir', lake, ...args);
  expect([code, stdout + stderr]).toEqual([expected[0], expect.stringMatching(expected[1])]);
}

test('restores every month of the lake into a new read database', async () => {
  await expectArchive([0, /not in this database.*2 month\(s\) verified/s], 'verify');
  await expectArchive([0, /2025-12: 30 events are back in event_archive\n2026-01: 7 events are back/], 'restore');
  expect(await allRows()).toEqual(lost);
  await expectArchive([0, /nothing to restore/], 'restore');
});

test('restores the missing events of an incomplete month, and all events of an empty one', async () => {
  await createMonth('2025_12', '2025-12-01', '2026-01-01');
  await createMonth('2026_01', '2026-01-01', '2026-02-01');
  const kept = lost.slice(-3);
  await pool.query('INSERT INTO event_archive SELECT (kept::event_archive).* FROM unnest($1::text[]) AS kept', [kept]);
  await expectArchive(
    [0, /12: 30 events are back in event_archive\n2026-01: 4 .* back .*, beside 3 that were/],
    'restore',
  );
  expect(await allRows()).toEqual(lost);
  await expectArchive([0, /nothing to restore: .* every event of 2026-01/], 'restore', '--month', '2026-01');
  await expectArchive([0, /2 month\(s\) verified/], 'verify');
});

test('does not export an empty month, which the manifest would then list as exported', async () => {
  const none = join(lake, 'none');
  await createMonth('2025_11', '2025-11-01', '2025-12-01');
  await expectArchive(
    [0, /nothing to export, event_archive has no events/],
    'export',
    '--dir',
    none,
    '--month',
    '2025-11',
  );
  expect(existsSync(none)).toBe(false);
});

test('splits the export of large events into several files, and restores them', async () => {
  const large = ['--dir', join(lake, 'large')];
  await createMonth('2025_11', '2025-11-01', '2025-12-01', 3_000);
  await pool.query("UPDATE event_archive SET body = jsonb_build_object('n', event_id, 'text', repeat('é\"', 4000))");
  const before = await allRows();
  await expectArchive([0, /2025-11: 3000 events written to 3 file/], 'export', ...large);
  await expectArchive([0, /3000 events dropped/], 'drop', ...large, '--month', '2025-11');
  await expectArchive([0, /2025-11: 3000 events are back/], 'restore', ...large);
  expect(await allRows()).toEqual(before);
});

test('restore fails when there is no lake, rather than reporting nothing to restore', async () => {
  await expectArchive([2, /there is no data lake in .*elsewhere/], 'restore', '--dir', join(lake, 'elsewhere'));
});

test('refuses to restore while a rebuild or another archive command is running', async () => {
  const other = createTestPool(databases.readDatabaseUrl);
  await withTransaction(other, 'rebuild', async (tx) => {
    await tryLongLock(tx, ARCHIVE_LOCK);
    const refused = /a rebuild or another archive command is running .* try again when it has ended/;
    await expectArchive([2, refused], 'restore');
  });
  await other.end();
  await expectArchive([0, /2025-12: 30 events are back/], 'restore');
});
