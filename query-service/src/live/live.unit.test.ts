import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createLive } from './live.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('queries the database every second while a page is open, and never while none is', async () => {
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

test('sends no part that cannot be read to a page that opens meanwhile, and sends it once it can be read again', async () => {
  let isAway = false;
  const query = async ({ name }: { name: string }) => {
    if (name !== 'sync-status') return [];
    if (isAway) throw new Error('away');
    const nothing = { doubt: null, otherSources: [], problems: [], viewsLackingHistory: [] };
    return [{ measuredAt: null, watermarkAgeSeconds: null, lastProcessedAt: null, ...nothing }];
  };
  const live = createLive({ query } as unknown as Queryable, 'UTC', createLogger('test', 'silent', 'json'));
  const open = () => {
    const heard: string[] = [];
    live.listen({ send: (event) => heard.push(/event: (\w+)/.exec(`${event}`)?.[1] ?? ''), end: () => undefined });
    return heard;
  };
  open();
  await jest.advanceTimersByTimeAsync(100);
  expect(open()).toEqual(expect.arrayContaining(['freshness', 'top']));
  isAway = true;
  await jest.advanceTimersByTimeAsync(1_000);
  const late = open();
  expect(late).toContain('top');
  expect(late).not.toContain('freshness');
  isAway = false;
  await jest.advanceTimersByTimeAsync(1_000);
  expect(late).toContain('freshness');
});
