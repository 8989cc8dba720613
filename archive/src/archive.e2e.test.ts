import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabases, openTestPool, type TestDatabases } from '@tallyline/local/testing/test-databases';
import type pg from 'pg';
import { runCommand } from '../../tests/setup/run-command.js';

/** Two closed months, the first of them large enough for two files. The current month must not change. */
const MONTHS = ['2025-12', '2026-01'];
const EVENTS = [20_010, 7];

let databases: TestDatabases;
let pool: pg.Pool;
let lakes: string;
let exported: string;
let lake: string;

beforeAll(async () => {
  databases = await createTestDatabases();
  pool = openTestPool(databases.readDatabaseUrl);
  lakes = await mkdtemp(join(tmpdir(), 'tallyline-lake-'));
  exported = join(lakes, 'exported');
  await pool.query(`
    CREATE TABLE event_archive_2025_12 PARTITION OF event_archive FOR VALUES FROM ('2025-12-01 00:00+00') TO ('2026-01-01 00:00+00');
    CREATE TABLE event_archive_2026_01 PARTITION OF event_archive FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
  `);
  for (const [index, month] of MONTHS.entries()) {
    await pool.query(
      `INSERT INTO event_archive (event_id, received_at, event_type, queue, occurred_at, counted, app_id, traceparent, body)
       SELECT gen_random_uuid(), ($1 || '-01')::timestamp AT TIME ZONE 'UTC' + n * interval '1.000001 seconds', 'OrderCreated',
              'order-events', '2025-11-30 23:59:59.999Z'::timestamptz - n * interval '1 ms', n % 2 = 0,
              CASE n % 3 WHEN 0 THEN 'command-service' END, CASE n % 5 WHEN 0 THEN '00-é' END,
              '{ "n":' || n || E', "text": "\\'\\\\n\\"", "wide": "🍵\\ufeff" }'
         FROM generate_series(1, $2::int) AS n`,
      [month, EVENTS[index]],
    );
  }
  await pool.query(
    `INSERT INTO event_archive (event_id, event_type, queue, occurred_at, counted, body)
     VALUES (gen_random_uuid(), 'OrderCreated', 'order-events', now(), true, '{}')`,
  );
  const { code, output } = await archive('export', '--dir', exported);
  expect([code, output]).toEqual([0, expect.stringContaining('2025-12: 20010 events written to 2 file(s)')]);
}, 120_000);
afterAll(async () => {
  await pool.end();
  await databases.drop();
  await rm(lakes, { recursive: true, force: true });
});
beforeEach(async () => {
  lake = await mkdtemp(join(lakes, 'copy-'));
  await cp(exported, lake, { recursive: true });
});

async function archive(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { code, stdout, stderr } = await runCommand(databases, 'archive', ...args);
  return { code, output: stdout + stderr };
}

async function rowsOf(month: string): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT count(*)::int AS events, md5(string_agg(e::text, '' ORDER BY event_id)) AS rows FROM event_archive e
      WHERE to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM') = $1`,
    [month],
  );
  return rows[0];
}

const firstFile = (month: string) => join(lake, 'event_archive', `month=${month}`, 'part-0000.parquet');

test('exports only closed months, and lists their files with counts and hashes in the manifest', async () => {
  const manifest = JSON.parse(await readFile(join(lake, 'manifest.json'), 'utf8'));
  expect(manifest.months.map(({ month, events }: { month: string; events: number }) => [month, events])).toEqual([
    ['2025-12', 20_010],
    ['2026-01', 7],
  ]);
  expect(manifest.months[0].files).toEqual([
    {
      path: expect.stringMatching(/part-0000/),
      bytes: expect.any(Number),
      events: 20_000,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    {
      path: expect.stringMatching(/part-0001/),
      bytes: expect.any(Number),
      events: 10,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
  expect(await readdir(join(lake, 'event_archive'))).toEqual(MONTHS.map((month) => `month=${month}`));
  expect(await archive('export', '--dir', lake)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/nothing to export/),
  });
  const now = new Date().toISOString().slice(0, 7);
  expect(await archive('export', '--dir', lake, '--month', now)).toMatchObject({
    code: 2,
    output: expect.stringMatching(/is not closed/),
  });
});

test('verify names files that are damaged, missing or changed', async () => {
  expect(await archive('verify', '--dir', lake)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/2 month\(s\) verified/),
  });

  const bytes = await readFile(firstFile('2026-01'));
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  await writeFile(firstFile('2026-01'), bytes);
  await truncate(firstFile('2025-12'), 1_000);
  const damaged = await archive('verify', '--dir', lake);
  expect(damaged.code).toBe(1);
  expect(damaged.output).toMatch(/2025-12\/part-0000.parquet has 1000 bytes, not \d+/);
  expect(damaged.output).toMatch(/2026-01\/part-0000.parquet has changed/);
  await rm(firstFile('2026-01'));
  expect((await archive('verify', '--dir', lake, '--month', '2026-01')).output).toMatch(/part-0000.parquet is missing/);
});

test('archive drop removes no rows unless files, manifest and rows agree', async () => {
  expect(await archive('drop', '--dir', join(lakes, 'none'), '--month', '2026-01')).toMatchObject({ code: 2 });
  await rm(firstFile('2026-01'));
  expect(await archive('drop', '--dir', lake, '--month', '2026-01')).toMatchObject({ code: 1 });
  await pool.query(
    "UPDATE event_archive SET body = body || ' ' WHERE event_id = (SELECT min(event_id::text)::uuid FROM event_archive_2026_01)",
  );
  const changed = await archive('drop', '--dir', exported, '--month', '2026-01');
  expect(changed).toMatchObject({
    code: 1,
    output: expect.stringMatching(/as many events as the manifest \(7\), but not the same ones/),
  });
  expect((await archive('verify', '--dir', exported)).code).toBe(1);
  await pool.query('UPDATE event_archive SET body = rtrim(body) WHERE received_at < $1', ['2026-02-01Z']);
  expect(await rowsOf('2026-01')).toMatchObject({ events: 7 });
  expect((await archive('verify', '--dir', exported)).code).toBe(0);
});

test('restores dropped months with exactly the rows that they had', async () => {
  const before = await Promise.all(MONTHS.map(rowsOf));
  for (const month of MONTHS) {
    expect(await archive('drop', '--dir', lake, '--month', month)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/dropped/),
    });
    expect(await rowsOf(month)).toMatchObject({ events: 0 });
  }
  expect((await archive('verify', '--dir', lake)).code).toBe(0);
  const elsewhere = await archive('verify', '--dir', join(lakes, 'none'));
  expect(elsewhere).toMatchObject({
    code: 1,
    output: expect.stringMatching(/2026-01 was dropped with 7 events, and the manifest does not have them/),
  });

  expect(await archive('restore', '--dir', lake)).toMatchObject({ code: 0 });
  expect(await Promise.all(MONTHS.map(rowsOf))).toEqual(before);
  expect((await pool.query('SELECT 1 FROM event_archive_moved')).rowCount).toBe(0);
  expect(await archive('restore', '--dir', lake)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/nothing to restore/),
  });
});

test('export overwrites the remains of an interrupted one, and drop gives up while a long read is running', async () => {
  await rm(join(lake, 'manifest.json'));
  await writeFile(firstFile('2026-01'), 'half of a file');
  expect((await archive('export', '--dir', lake, '--month', '2026-01')).code).toBe(0);
  const reader = await pool.connect();
  await reader.query('BEGIN; SELECT 1 FROM event_archive LIMIT 1');
  const given = await archive('drop', '--dir', lake, '--month', '2026-01');
  await reader.query('ROLLBACK');
  reader.release();
  expect(given).toMatchObject({ code: 2, output: expect.stringMatching(/lock timeout/) });
  expect(await rowsOf('2026-01')).toMatchObject({ events: 7 });
});
