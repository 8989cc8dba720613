import { expect, test } from '@jest/globals';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { createCustomersToday } from './customers-today.js';

const now = new Date('2026-11-20T10:20:00Z');
const day = { now, yesterday: now, today: now, tomorrow: now, sameTimeYesterday: now, hour: 10 };

test('counts customers again for calls with recount, and shares that count among them', async () => {
  const begun: ((customers: number) => void)[] = [];
  const query = () =>
    new Promise((resolve) => begun.push((customers) => resolve([{ isToday: true, hour: 9, customers }])));
  const read = createCustomersToday({ query } as unknown as Queryable, 'UTC');
  const first = read(day, false);
  const shared = read(day, false);
  const recounted = [read(day, true), read(day, true)];
  expect(begun).toHaveLength(1);
  begun[0]?.(1);
  expect((await Promise.all([first, shared])).map(({ today }) => today)).toEqual([1, 1]);
  await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  begun[1]?.(2);
  expect((await Promise.all(recounted)).map(({ today }) => today)).toEqual([2, 2]);
});
