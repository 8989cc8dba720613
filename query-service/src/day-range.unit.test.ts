import { expect, test } from '@jest/globals';
import { dayRange } from './day-range.js';

const TODAY = '2026-11-20';

test.each([
  ['no parameter', {}, '2026-10-22', '2026-11-20'],
  ['only from', { from: '2026-02-27' }, '2026-02-27', '2026-03-28'],
  ['only to', { to: '2026-03-01' }, '2026-01-31', '2026-03-01'],
  ['one day as from and to', { from: TODAY, to: TODAY }, TODAY, TODAY],
])('answers a range of days that includes both ends when the request has %s', (_given, asked, from, to) => {
  expect(dayRange(asked, TODAY, 366)).toEqual({ from, to });
});

test.each([
  [{ from: '2026-11-20', to: '2026-11-19' }, 'to must not be before from'],
  [{ from: '2026-11-01', to: '2026-11-11' }, 'to must be at most 10 days from from, both included'],
])('refuses the range of days %j', (asked, detail) => {
  expect(() => dayRange(asked, TODAY, 10)).toThrow(detail);
});
