import { expect, test } from '@jest/globals';
import { dayAfter, rangeOf } from './hourly-sales.js';

const now = new Date('2026-11-20T10:20:00Z');

test.each([
  ['neither from nor to', undefined, undefined, '2026-11-19T11:00', '2026-11-20T10:20'],
  ['only to, on the hour', undefined, '2026-11-19T00:00', '2026-11-18T00:00', '2026-11-19T00:00'],
  ['only to, within an hour', undefined, '2026-11-19T00:30', '2026-11-18T01:00', '2026-11-19T00:30'],
  ['only from, on the hour', '2026-11-18T00:00', undefined, '2026-11-18T00:00', '2026-11-19T00:00'],
  ['only from, within an hour', '2026-11-18T00:30', undefined, '2026-11-18T00:00', '2026-11-19T00:00'],
])('answers 24 hours of the clock when the request has %s', (_given, from, to, first, end) => {
  const at = (text: string | undefined) => (text === undefined ? undefined : new Date(`${text}Z`));
  const asked = { from: at(from), to: at(to) };
  const last = asked.to ?? (asked.from ? dayAfter(asked.from) : now);
  expect(rangeOf(asked.from, last)).toEqual({ from: at(first), to: at(end) });
});

test.each([
  ['2026-10-01T00:00', '2026-11-01T00:00'],
  ['2026-10-01T00:30', '2026-11-01T00:30'],
])('accepts 744 hours that begin at %s, and no millisecond more', (from, to) => {
  const asked = { from: new Date(`${from}Z`), to: new Date(`${to}Z`) };
  expect(rangeOf(asked.from, asked.to).to).toEqual(asked.to);
  const beyond = new Date(asked.to.getTime() + 1);
  expect(() => rangeOf(asked.from, beyond)).toThrow('to must be at most 744 hours after from');
});
