import { describe, expect, test } from '@jest/globals';
import { nextEventsRequest, nextWatermarksRequest, type ReplayState, type ShortSecond } from './next-replay-request.js';

const state = (changes: Partial<ReplayState> = {}): ReplayState => ({
  eventsRequestAgeSeconds: null,
  eventsAttempts: 0,
  requestedUntil: null,
  missing: 0,
  stillMissing: 0,
  waiting: 0,
  watermarksRequestAgeSeconds: null,
  watermarksAttempts: 0,
  measuredAt: null,
  gapSeconds: null,
  ...changes,
});
const short = (...committed: number[]): ShortSecond[] =>
  committed.map((count, n) => ({ second: new Date(n * 1_000), committed: count, missing: 1 }));

describe('nextEventsRequest', () => {
  test('requests the next events at once when all requested events have come', () => {
    const done = state({ eventsRequestAgeSeconds: 0, eventsAttempts: 5, missing: 3, stillMissing: 0 });
    expect(nextEventsRequest(done, short(1, 1))).toMatchObject({ attempts: 0, missing: 2, until: new Date(1_000) });
  });

  test.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [6, 300],
    [40, 300],
  ])(
    'requests events again after %i attempts without progress when %i s have passed',
    (eventsAttempts, waitSeconds) => {
      const waiting = { eventsAttempts, missing: 3, stillMissing: 3 };
      const afterSeconds = (eventsRequestAgeSeconds: number) =>
        nextEventsRequest(state({ ...waiting, eventsRequestAgeSeconds }), short(1));
      expect(afterSeconds(waitSeconds - 1)).toBeUndefined();
      expect(afterSeconds(waitSeconds)).toMatchObject({ attempts: eventsAttempts });
    },
  );

  test('counts the attempts from zero again after progress', () => {
    const progress = state({ eventsRequestAgeSeconds: 10, eventsAttempts: 6, missing: 3, stillMissing: 2 });
    expect(nextEventsRequest(progress, short(1))).toMatchObject({ attempts: 0 });
  });

  test.each([
    ['seconds up to the limit of events', [15_000, 4_000, 4_000], 2],
    ['one second at least, however many events it has', [50_000, 1], 1],
  ])('requests %s', (_name, committed, count) => {
    expect(nextEventsRequest(state(), short(...committed))?.seconds).toHaveLength(count);
  });

  test('requests fewer seconds after an odd number of attempts', () => {
    const seconds = short(...Array.from({ length: 3_000 }, () => 1));
    expect(nextEventsRequest(state({ eventsAttempts: 1 }), seconds)?.seconds).toHaveLength(1_000);
    expect(nextEventsRequest(state({ eventsAttempts: 2 }), seconds)?.seconds).toHaveLength(3_000);
  });

  test('requests nothing when no second lacks events', () => {
    expect(nextEventsRequest(state(), [])).toBeUndefined();
  });
});

describe('nextWatermarksRequest', () => {
  test('requests watermarks when a gap is as old as the grace period', () => {
    expect(nextWatermarksRequest(state())).toBeUndefined();
    expect(nextWatermarksRequest(state({ gapSeconds: 9 }))).toBeUndefined();
    expect(nextWatermarksRequest(state({ gapSeconds: 10 }))).toEqual({ attempts: 0 });
  });

  test('requests watermarks less often while a gap stays, and promptly when the gap is younger than the last request', () => {
    const request = (gapSeconds: number) =>
      nextWatermarksRequest(state({ gapSeconds, watermarksRequestAgeSeconds: 30, watermarksAttempts: 3 }));
    expect(request(100)).toBeUndefined();
    expect(request(20)).toEqual({ attempts: 0 });
  });
});
