import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from '@tallyline/chassis/postgres';
import { createTestPool } from '@tallyline/chassis/test-pool';
import { createTestDatabases, type TestDatabases } from '@tallyline/local/test-databases';
import { startOfDay } from './shop-day.js';

let databases: TestDatabases;
let pool: Pool;
beforeAll(async () => {
  databases = await createTestDatabases();
  pool = createTestPool(databases.readDatabaseUrl);
});
afterAll(async () => {
  await pool.end();
  await databases.drop();
});

test.each([
  ['an ordinary one', 'Asia/Kathmandu', '2026-11-21', '2026-11-20T18:15:00.000Z'],
  ['one of 23 hours', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['one whose midnight comes twice', 'Atlantic/Azores', '2026-10-25', '2026-10-25T00:00:00.000Z'],
  ['one that has no midnight', 'America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
])('a day begins when the calendar turns: %s', async (_what, timeZone, day, at) => {
  const { rows } = await pool.query(`SELECT ${startOfDay('$2::timestamp')} AS at`, [timeZone, day]);
  expect(rows[0].at.toISOString()).toBe(at);
});
