import { type SyncReasonCode, syncReasons } from '@tallyline/contracts/sync-reasons';
import { isStale, type SyncFacts } from './decide-sync-status.js';

export interface SyncReason {
  readonly code: string;
  /** What it is this time, for people. */
  readonly detail: string;
  readonly action: string;
}

/**
 * Why the views are not in sync, the causes before what only follows from them. At least one for every status but
 * "in-sync".
 */
export function reasonsOf(facts: SyncFacts): SyncReason[] {
  const { watermarkAgeSeconds, pendingEvents, waitingInOutbox, setAsideOwnEvents } = facts;
  const reasons: SyncReason[] = [];
  const add = (code: SyncReasonCode, detail: string) =>
    void reasons.push({ code, detail, action: syncReasons[code].action });

  for (const { code, detail } of facts.problems) {
    const known = syncReasons[code as SyncReasonCode] as { readonly action: string } | undefined;
    reasons.push({ code, detail, action: known?.action ?? 'see docs/operations.md of the version that reports it' });
  }
  if (facts.doubt !== null) {
    add(
      'write-database-changed',
      `the write database may have another history than the one that was counted: ${facts.doubt}`,
    );
  }
  if (facts.otherSources.length > 0) {
    add(
      'second-write-database',
      `events of ${facts.otherSources.length} other write database(s) came here: ${facts.otherSources.join(', ')}`,
    );
  }
  if (facts.lacksHistory) add('history-lacking', 'the write side has pruned events that these views never saw');
  if (setAsideOwnEvents > 0)
    add('dead-letters', `${setAsideOwnEvents} event(s) could not be applied and were set aside`);
  if (watermarkAgeSeconds === null) add('nothing-reported', 'the write side has never reported what it has committed');
  else if (facts.hasGap) add('watermark-missing', 'a report of the write side was lost on the way; later ones came');
  else if (isStale(watermarkAgeSeconds)) {
    const seconds = Math.round(Math.abs(watermarkAgeSeconds));
    add(
      'nothing-new-reported',
      watermarkAgeSeconds > 0
        ? `the newest report of the write side is ${seconds} s old`
        : `the newest report of the write side is ${seconds} s ahead of this clock: a clock was set`,
    );
  }
  if (waitingInOutbox > 0) add('events-in-outbox', `${waitingInOutbox} event(s) wait in the outbox for the broker`);
  if (pendingEvents > 0) add('events-pending', `${pendingEvents} event(s) are committed and not in the views yet`);
  return reasons;
}
