import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/logger';
import type { Queryable } from '@tallyline/chassis/postgres';
import { createLive } from './live.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the database is asked once a second while somebody looks, and not at all while nobody does', async () => {
  let asked = 0;
  const query = async () => {
    asked += 1;
    return [];
  };
  const live = createLive({ query } as unknown as Queryable, 'UTC', createLogger('test', 'silent', 'json'));
  const askedIn = async (ms: number) => {
    const before = asked;
    await jest.advanceTimersByTimeAsync(ms);
    return asked - before;
  };
  expect(await askedIn(60_000)).toBe(0);
  const leave = live.listen({ send: () => undefined, end: () => undefined });
  expect(await askedIn(10_000)).toBeGreaterThan(10);
  leave();
  await askedIn(1);
  expect(await askedIn(60_000)).toBe(0);
});
