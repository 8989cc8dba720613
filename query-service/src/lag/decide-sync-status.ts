import { reasonsOf } from './sync-reasons.js';

/** What the read database knows about its own completeness. */
export interface SyncFacts {
  /** Up to when the write side has told what it committed; null before it ever did. */
  readonly measuredAt: Date | null;
  readonly watermarkAgeSeconds: number | null;
  /** Of those before `measuredAt`; the age likewise. */
  readonly oldestPendingAt: Date | null;
  readonly oldestPendingAgeSeconds: number | null;
  readonly pendingEvents: number;
  readonly waitingInOutbox: number;
  readonly setAsideEvents: number;
  /** Those of them that the write side committed: the views lack them. */
  readonly setAsideOwnEvents: number;
  /** Events that the write side has pruned never came here. */
  readonly lacksHistory: boolean;
  readonly lastProcessedAt: Date | null;
  /** Later watermarks came, but not the one that follows on the newest. */
  readonly hasGap: boolean;
  /** Why the history of the write database may not be the one that was counted; null when there is no doubt. */
  readonly doubt: string | null;
  /** Other write databases whose events came here. */
  readonly otherSources: readonly string[];
  /** What services say that keeps them from their work. */
  readonly problems: readonly { readonly code: string; readonly detail: string }[];
}

export const syncStates = [
  /** Every committed event that the write side reported is in the views, and it reported just now. */
  'in-sync',
  /** Some are not yet in the views. */
  'catching-up',
  /** All are accounted for, but the views lack some or hold others: `reasons` says which and why. */
  'incomplete',
  /** The write side has not been heard of lately: relay, broker or consumer is not running. */
  'stale',
  /** It has never been heard of. */
  'unknown',
] as const;

export type SyncState = (typeof syncStates)[number];

/** A watermark comes every second and tells of whole ones, so it is up to 2 s old; two missed ones are no consent. */
const FRESH_SECONDS = 4;

/** Never 'in-sync' without proof. While the write side is silent, lag is the time since it was last heard of. */
export function decideSyncStatus(facts: SyncFacts) {
  const { measuredAt, pendingEvents, waitingInOutbox, setAsideEvents, lacksHistory, lastProcessedAt } = facts;
  const { status, lagSeconds } = stateOf(facts);
  const completeUpTo = facts.oldestPendingAt ?? measuredAt;
  return {
    status,
    reasons: status === 'in-sync' ? [] : reasonsOf(facts),
    lagSeconds: lagSeconds === null ? null : Math.round(Math.max(0, lagSeconds) * 1000) / 1000,
    pendingEvents,
    waitingInOutbox,
    setAsideEvents,
    lacksHistory,
    completeUpTo: completeUpTo?.toISOString() ?? null,
    lastProcessedEventTimestamp: lastProcessedAt?.toISOString() ?? null,
  };
}

function stateOf(facts: SyncFacts): { status: SyncState; lagSeconds: number | null } {
  const { watermarkAgeSeconds, oldestPendingAgeSeconds, pendingEvents } = facts;
  if (watermarkAgeSeconds === null) return { status: 'unknown', lagSeconds: null };
  const stale = isStale(watermarkAgeSeconds);
  if (pendingEvents > 0) {
    return { status: stale ? 'stale' : 'catching-up', lagSeconds: oldestPendingAgeSeconds ?? watermarkAgeSeconds };
  }
  if (stale) return { status: 'stale', lagSeconds: watermarkAgeSeconds };
  return { status: isIncomplete(facts) ? 'incomplete' : 'in-sync', lagSeconds: 0 };
}

/** A watermark of the future says as little of now: the clock was set back since, and may have been for an hour. */
export function isStale(watermarkAgeSeconds: number): boolean {
  return Math.abs(watermarkAgeSeconds) > FRESH_SECONDS;
}

function isIncomplete({ setAsideOwnEvents, lacksHistory, doubt, otherSources }: SyncFacts): boolean {
  return setAsideOwnEvents > 0 || lacksHistory || doubt !== null || otherSources.length > 0;
}
