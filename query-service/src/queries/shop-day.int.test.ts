import { expect, test } from '@jest/globals';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { startOfDay } from './shop-day.js';

const { pool } = await openTestDatabase('read');

test.each([
  ['an ordinary day', 'Asia/Kathmandu', '2026-11-21', '2026-11-20T18:15:00.000Z'],
  ['a day of 23 hours', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['a day whose midnight comes twice', 'Atlantic/Azores', '2026-10-25', '2026-10-25T00:00:00.000Z'],
  ['a day after one that ends at 23:00', 'America/Nuuk', '2026-03-29', '2026-03-29T01:00:00.000Z'],
  ['a day without midnight', 'America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
])('finds the beginning of %s', async (_what, timeZone, day, at) => {
  const { rows } = await pool.query(`SELECT ${startOfDay('$2::timestamp')} AS at`, [timeZone, day]);
  expect(rows[0].at.toISOString()).toBe(at);
});
