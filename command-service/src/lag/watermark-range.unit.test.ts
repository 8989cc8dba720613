import { expect, test } from '@jest/globals';
import { watermarkRange } from './watermark-range.js';

const HOUR_MS = 3_600_000;
const at = (time: string) => new Date(`2026-11-20T${time}Z`);
const range = (reportedUntil: string, now: string, horizon: string | undefined) =>
  watermarkRange({
    reportedUntil: at(reportedUntil),
    now: at(now),
    horizon: horizon === undefined ? undefined : at(horizon),
    maxSpanMs: HOUR_MS,
  });

test('reports whole seconds up to the commit horizon, and counts the last 15 seconds again', () => {
  expect(range('10:00:00', '10:00:02.700', '10:00:01.900')).toEqual({
    from: at('09:59:45'),
    until: at('10:00:01'),
    countUntil: at('10:00:01'),
    hasMore: false,
  });
});

test('reports the same end again when the commit horizon is in the second that was reported last', () => {
  expect(range('10:00:00', '10:00:00.900', '10:00:00.900')).toMatchObject({ until: at('10:00:00'), hasMore: false });
});

test('reports the seconds of an outage of several hours one hour at a time', () => {
  expect(range('05:00:00', '10:00:00', '10:00:00')).toEqual({
    from: at('04:59:45'),
    until: at('06:00:00'),
    countUntil: at('06:00:00'),
    hasMore: true,
  });
  expect(range('09:30:00', '10:00:00', '10:00:00')).toMatchObject({ until: at('10:00:00'), hasMore: false });
});

test.each([
  ['the commit horizon is unknown', undefined],
  ['a writer began before the end of what was reported', '09:59:59.999'],
])('reports nothing when %s', (_when, horizon) => {
  expect(range('10:00:00', '10:00:05', horizon)).toBeUndefined();
});

test('after the clock was set back, counts up to the commit horizon and keeps the end of what was reported', () => {
  expect(range('11:00:00', '10:00:05.500', '10:00:04.500')).toEqual({
    from: at('09:59:49'),
    until: at('11:00:00'),
    countUntil: at('10:00:04'),
    hasMore: false,
  });
});
