import { describe, expect, test } from '@jest/globals';
import { decideSyncStatus, type SyncFacts } from './decide-sync-status.js';

const now = new Date('2026-11-20T08:17:46.438Z');
const facts = (more: Partial<SyncFacts> = {}): SyncFacts => ({
  measuredAt: now,
  watermarkAgeSeconds: 0.4,
  oldestPendingAt: null,
  oldestPendingAgeSeconds: null,
  pendingEvents: 0,
  waitingInOutbox: 0,
  setAsideEvents: 0,
  deadLettersFromOutbox: 0,
  parkedEvents: 0,
  lacksHistory: false,
  viewsLackingHistory: [],
  lastProcessedAt: now,
  hasGap: false,
  doubt: null,
  otherSources: [],
  problems: [],
  ...more,
});

describe('decideSyncStatus', () => {
  test('answers in-sync with lag 0 when nothing is missing and the newest watermark is recent', () => {
    expect(decideSyncStatus(facts())).toMatchObject({ status: 'in-sync', lagSeconds: 0, pendingEvents: 0 });
  });

  test('answers catching-up with the age of the oldest missing event as the lag while events are pending', () => {
    const pending = {
      pendingEvents: 3,
      oldestPendingAt: new Date(now.getTime() - 1_204),
      oldestPendingAgeSeconds: 1.2041,
    };
    expect(decideSyncStatus(facts(pending))).toMatchObject({
      status: 'catching-up',
      lagSeconds: 1.204,
      completeUpTo: '2026-11-20T08:17:45.234Z',
    });
  });

  test('answers stale with the age of the newest watermark as the lag when no new watermark arrives', () => {
    expect(decideSyncStatus(facts({ watermarkAgeSeconds: 60 }))).toMatchObject({ status: 'stale', lagSeconds: 60 });
  });

  test('answers stale when the newest watermark is from the future, because the clock was set back after it', () => {
    expect(decideSyncStatus(facts({ watermarkAgeSeconds: -3_600 }))).toMatchObject({ status: 'stale', lagSeconds: 0 });
  });

  test('answers incomplete when the write side pruned events that never arrived', () => {
    expect(decideSyncStatus(facts({ lacksHistory: true })).status).toBe('incomplete');
  });

  test('answers incomplete while a dead letter came from the outbox, but not for a foreign message', () => {
    expect(decideSyncStatus(facts({ setAsideEvents: 2, deadLettersFromOutbox: 1 })).status).toBe('incomplete');
    expect(decideSyncStatus(facts({ setAsideEvents: 1 })).status).toBe('in-sync');
  });

  test.each<[string, Partial<SyncFacts>, string]>([
    ['the history of the write database is in doubt', { doubt: 'its timeline changed' }, 'write-database-changed'],
    ['events of another write database arrived', { otherSources: ['5f0c9a52'] }, 'second-write-database'],
    ['events are parked', { parkedEvents: 1 }, 'events-parked'],
    ['events are dead letters', { setAsideEvents: 1, deadLettersFromOutbox: 1 }, 'dead-letters'],
    ['pruned events never arrived', { lacksHistory: true }, 'history-lacking'],
    ['older consumers have not filled a view', { viewsLackingHistory: ['returns_view'] }, 'view-lacks-history'],
  ])('answers incomplete and names the reason when %s', (_why, more, code) => {
    const { status, reasons } = decideSyncStatus(facts(more));
    expect([status, reasons.map((reason) => reason.code)]).toEqual(['incomplete', [code]]);
  });

  test.each<[string, Partial<SyncFacts>, string[]]>([
    ['nothing was ever reported', { measuredAt: null, watermarkAgeSeconds: null }, ['nothing-reported']],
    ['nothing new is reported', { watermarkAgeSeconds: 60 }, ['nothing-new-reported']],
    ['a watermark was lost', { watermarkAgeSeconds: 60, hasGap: true }, ['watermark-missing']],
    ['events are on their way', { pendingEvents: 2 }, ['events-pending']],
    ['events wait for the broker', { pendingEvents: 2, waitingInOutbox: 2 }, ['events-in-outbox', 'events-pending']],
    [
      'a service reports a problem that this version does not know',
      { watermarkAgeSeconds: 60, problems: [{ code: 'moon-phase', detail: 'full' }] },
      ['moon-phase', 'nothing-new-reported'],
    ],
  ])('names the reasons why the views are not in sync when %s', (_why, more, codes) => {
    const { reasons } = decideSyncStatus(facts(more));
    expect(reasons.map(({ code }) => code)).toEqual(codes);
    for (const { detail, action } of reasons) expect([detail, action]).not.toContain('');
  });

  test('gives no reason when the views are in sync, even if a service reports a problem', () => {
    expect(decideSyncStatus(facts({ problems: [{ code: 'consumer-without-broker', detail: 'x' }] })).reasons).toEqual(
      [],
    );
  });

  test('answers unknown before the first watermark', () => {
    const never = { measuredAt: null, watermarkAgeSeconds: null, lastProcessedAt: null };
    expect(decideSyncStatus(facts(never))).toMatchObject({ status: 'unknown', lagSeconds: null, completeUpTo: null });
  });

  test('answers lag 0 when a clock that was set makes the age negative', () => {
    const pending = { pendingEvents: 1, oldestPendingAt: now, oldestPendingAgeSeconds: -0.2 };
    expect(decideSyncStatus(facts(pending)).lagSeconds).toBe(0);
  });
});
