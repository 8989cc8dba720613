import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { localDay } from './local-day.js';

const { pool } = await openTestDatabase('write');

/** `[instant, zone, local time, day]`: before and after midnight on both daylight-saving days of 2026. */
const edges: readonly [string, string, string, string][] = [
  ['2026-03-28T22:59:59Z', 'Europe/Berlin', '23:59:59 before the clocks go forward', '2026-03-28'],
  ['2026-03-28T23:00:00Z', 'Europe/Berlin', '00:00:00 of the day of 23 hours', '2026-03-29'],
  ['2026-03-29T21:59:59Z', 'Europe/Berlin', '23:59:59 of the day of 23 hours', '2026-03-29'],
  ['2026-03-29T22:00:00Z', 'Europe/Berlin', '00:00:00 after the day of 23 hours', '2026-03-30'],
  ['2026-10-24T21:59:59Z', 'Europe/Berlin', '23:59:59 before the clocks go back', '2026-10-24'],
  ['2026-10-24T22:00:00Z', 'Europe/Berlin', '00:00:00 of the day of 25 hours', '2026-10-25'],
  ['2026-10-25T22:59:59Z', 'Europe/Berlin', '23:59:59 of the day of 25 hours', '2026-10-25'],
  ['2026-10-25T23:00:00Z', 'Europe/Berlin', '00:00:00 after the day of 25 hours', '2026-10-26'],
  ['2026-03-08T04:59:59Z', 'America/New_York', '23:59:59 before the clocks go forward', '2026-03-07'],
  ['2026-03-08T05:00:00Z', 'America/New_York', '00:00:00 of the day of 23 hours', '2026-03-08'],
  ['2026-11-02T04:59:59Z', 'America/New_York', '23:59:59 of the day of 25 hours', '2026-11-01'],
  ['2026-11-02T05:00:00Z', 'America/New_York', '00:00:00 after the day of 25 hours', '2026-11-02'],
  ['2026-03-28T23:59:59Z', 'Europe/Lisbon', '23:59:59, an hour after Berlin', '2026-03-28'],
  ['2026-12-31T23:30:00Z', 'Europe/Berlin', '00:30 of the new year', '2027-01-01'],
];

test.each(edges)('the instant %s in %s (%s) is on the local day %s', (instant, timeZone, _localTime, day) => {
  expect(localDay(new Date(instant), timeZone)).toBe(day);
});

test('finds the same local day as the database for 2,000 instants of fifty years in every branch', async () => {
  const instants = fc.sample(
    fc.date({ min: new Date('1990-01-01'), max: new Date('2039-12-31'), noInvalidDate: true }),
    2_000,
  );
  const { rows } = await pool.query(
    `SELECT at, time_zone, (at AT TIME ZONE time_zone)::date::text AS day FROM branches, unnest($1::timestamptz[]) AS at`,
    [instants],
  );
  expect(rows).toHaveLength(6_000);
  const differing = rows.filter(({ at, time_zone, day }) => localDay(at, time_zone) !== day);
  expect(differing).toEqual([]);
});
