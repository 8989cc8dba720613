import { expect, test } from '@jest/globals';
import { dayRange } from './day-range.js';

const TODAY = '2026-11-20';

test.each([
  ['nothing', {}, '2026-10-22', '2026-11-20'],
  ['from', { from: '2026-02-27' }, '2026-02-27', '2026-03-28'],
  ['to', { to: '2026-03-01' }, '2026-01-31', '2026-03-01'],
  ['one day', { from: TODAY, to: TODAY }, TODAY, TODAY],
])('includes both ends, given %s', (_given, asked, from, to) => {
  expect(dayRange(asked, TODAY, 366)).toEqual({ from, to });
});

test.each([
  [{ from: '2026-11-20', to: '2026-11-19' }, 'to must not be before from'],
  [{ from: '2026-11-01', to: '2026-11-11' }, 'to must be at most 10 days from from, both included'],
])('refuses %j', (asked, detail) => {
  expect(() => dayRange(asked, TODAY, 10)).toThrow(detail);
});
