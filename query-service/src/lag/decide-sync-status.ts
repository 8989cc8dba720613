import { type SyncReasonCode, syncReasons } from '@tallyline/contracts/sync-reasons';

/** The facts by which the read database knows how complete it is. docs/lag.md describes where each fact comes from. */
export interface SyncFacts {
  /** The instant of the newest watermark; null before the first. */
  readonly measuredAt: Date | null;
  readonly watermarkAgeSeconds: number | null;
  /** When the oldest pending event was committed; only events from before `measuredAt` count. */
  readonly oldestPendingAt: Date | null;
  readonly oldestPendingAgeSeconds: number | null;
  readonly pendingEvents: number;
  readonly waitingInOutbox: number;
  /** All dead letters that nobody discarded. */
  readonly setAsideEvents: number;
  /** The dead letters that came from the outbox: the views lack these events. */
  readonly deadLettersFromOutbox: number;
  /** Events of the outbox that are newer than the consumers: the views lack them until a newer consumer applies them. */
  readonly parkedEvents: number;
  /** True if the write side pruned events that never arrived here. */
  readonly lacksHistory: boolean;
  /** Views that lack events which older consumers have applied, until a rebuild fills them. */
  readonly viewsLackingHistory: readonly string[];
  readonly lastProcessedAt: Date | null;
  /** True if a watermark is missing between the newest one that is used and later ones that arrived. */
  readonly hasGap: boolean;
  /** Why the write database may have another history than before; null when there is no doubt. */
  readonly doubt: string | null;
  /** Other write databases whose events arrived here. */
  readonly otherSources: readonly string[];
  /** The problems that services report about themselves. */
  readonly problems: readonly { readonly code: string; readonly detail: string }[];
}

export const syncStates = [
  /** Every committed event that the write side reported is in the views, and the report is recent. */
  'in-sync',
  /** Some reported events are not in the views yet. */
  'catching-up',
  /** All events are accounted for, but the views lack some or contain foreign ones; `reasons` says which and why. */
  'incomplete',
  /** No recent watermark arrived: the relay, the broker or the consumer is not running. */
  'stale',
  /** No watermark ever arrived. */
  'unknown',
] as const;

export type SyncState = (typeof syncStates)[number];

export interface SyncReason {
  readonly code: string;
  /** A sentence for people that says what happened this time. */
  readonly detail: string;
  readonly action: string;
}

/** A watermark comes every second and covers whole seconds, so it is up to 2 s old. The limit allows for two lost ones. */
const MAX_WATERMARK_AGE_SECONDS = 4;

/** Answers 'in-sync' only with proof. While no watermark arrives, the lag is the age of the newest one. */
export function decideSyncStatus(facts: SyncFacts) {
  const { measuredAt, pendingEvents, waitingInOutbox, setAsideEvents, parkedEvents, lacksHistory } = facts;
  const { status, lagSeconds } = stateOf(facts);
  const completeUpTo = facts.oldestPendingAt ?? measuredAt;
  return {
    status,
    reasons: status === 'in-sync' ? [] : reasonsOf(facts),
    lagSeconds: lagSeconds === null ? null : Math.round(Math.max(0, lagSeconds) * 1000) / 1000,
    pendingEvents,
    waitingInOutbox,
    setAsideEvents,
    parkedEvents,
    lacksHistory,
    viewsLackingHistory: [...facts.viewsLackingHistory],
    completeUpTo: completeUpTo?.toISOString() ?? null,
    lastProcessedEventTimestamp: facts.lastProcessedAt?.toISOString() ?? null,
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

/** A watermark from the future is stale, too: the write side's clock was set back after it, and nobody knows how far. */
function isStale(watermarkAgeSeconds: number): boolean {
  return Math.abs(watermarkAgeSeconds) > MAX_WATERMARK_AGE_SECONDS;
}

function isIncomplete(facts: SyncFacts): boolean {
  const { deadLettersFromOutbox, parkedEvents, lacksHistory, viewsLackingHistory, doubt, otherSources } = facts;
  if (lacksHistory || viewsLackingHistory.length > 0) return true;
  return deadLettersFromOutbox + parkedEvents > 0 || doubt !== null || otherSources.length > 0;
}

/** Returns why the views are not in sync, causes before consequences. Every status but "in-sync" has at least one reason. */
function reasonsOf(facts: SyncFacts): SyncReason[] {
  const { watermarkAgeSeconds, pendingEvents, waitingInOutbox, deadLettersFromOutbox, doubt, otherSources } = facts;
  const reasons: SyncReason[] = [];
  const add = (code: SyncReasonCode, detail: string) =>
    void reasons.push({ code, detail, action: syncReasons[code].action });

  for (const { code, detail } of facts.problems) {
    const known = syncReasons[code as SyncReasonCode] as { readonly action: string } | undefined;
    reasons.push({ code, detail, action: known?.action ?? 'see docs/operations.md of the version that reports it' });
  }
  if (doubt !== null)
    add('write-database-changed', `the write database may have another history than before: ${doubt}`);
  if (otherSources.length > 0) {
    const sources = `${otherSources.length} other write database(s)`;
    add('second-write-database', `events of ${sources} arrived here: ${otherSources.join(', ')}`);
  }
  if (facts.lacksHistory) add('history-lacking', 'the write side has pruned events that these views never saw');
  if (facts.viewsLackingHistory.length > 0) {
    add('view-lacks-history', `older consumers have not filled ${facts.viewsLackingHistory.join(', ')}`);
  }
  if (deadLettersFromOutbox > 0) {
    add('dead-letters', `${deadLettersFromOutbox} event(s) could not be applied and are dead letters`);
  }
  if (facts.parkedEvents > 0) {
    const detail = `${facts.parkedEvents} event(s) are newer than the consumer-service that received them and are parked`;
    add('events-parked', detail);
  }
  if (watermarkAgeSeconds === null) add('nothing-reported', 'the write side has never reported what it has committed');
  else if (facts.hasGap) add('watermark-missing', 'a report of the write side was lost; later ones arrived');
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
