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
}

export const syncStates = [
  /** Every committed event that the write side told of is in the views, and it told of them just now. */
  'in-sync',
  /** Some are not yet in the views. */
  'catching-up',
  /** All are settled, but some were set aside (see `npm run dead-letters`), or old ones never came (`lacksHistory`). */
  'incomplete',
  /** The write side has not been heard of lately: relay, broker or consumer is not running. */
  'stale',
  /** It has never been heard of. */
  'unknown',
] as const;

/** A watermark comes every second and tells of whole ones, so it is up to 2 s old; two missed ones are no consent. */
const FRESH_SECONDS = 4;

/** Never 'in-sync' without proof. While the write side is silent, lag is the time since it was last heard of. */
export function decideSyncStatus(facts: SyncFacts) {
  const { measuredAt, pendingEvents, waitingInOutbox, setAsideEvents, lacksHistory, lastProcessedAt } = facts;
  const { status, lagSeconds } = stateOf(facts);
  const completeUpTo = facts.oldestPendingAt ?? measuredAt;
  return {
    status,
    lagSeconds: lagSeconds === null ? null : Math.round(Math.max(0, lagSeconds) * 1000) / 1000,
    pendingEvents,
    waitingInOutbox,
    setAsideEvents,
    lacksHistory,
    completeUpTo: completeUpTo?.toISOString() ?? null,
    lastProcessedEventTimestamp: lastProcessedAt?.toISOString() ?? null,
  };
}

function stateOf(facts: SyncFacts): { status: (typeof syncStates)[number]; lagSeconds: number | null } {
  const { watermarkAgeSeconds, oldestPendingAgeSeconds, pendingEvents, setAsideOwnEvents, lacksHistory } = facts;
  if (watermarkAgeSeconds === null) return { status: 'unknown', lagSeconds: null };
  // One of the future says as little of now: the clock was set back since, and may have been for an hour.
  const stale = Math.abs(watermarkAgeSeconds) > FRESH_SECONDS;
  if (pendingEvents > 0) {
    return { status: stale ? 'stale' : 'catching-up', lagSeconds: oldestPendingAgeSeconds ?? watermarkAgeSeconds };
  }
  if (stale) return { status: 'stale', lagSeconds: watermarkAgeSeconds };
  return { status: setAsideOwnEvents > 0 || lacksHistory ? 'incomplete' : 'in-sync', lagSeconds: 0 };
}
