/** Events reach the views within milliseconds. One that is missing after this time, while the queues are empty, is lost. */
export const GRACE_SECONDS = 10;
/** A request covers seconds with at most this many events. The next request follows when they have come. */
const MAX_EVENTS = 20_000;
/** The longest wait between two requests. Events that cannot come, because their outbox rows are pruned, reach it. */
const MAX_WAIT_SECONDS = 300;
/** An earlier version of the write side refuses longer requests, so every other attempt is limited to this. */
const FEW_SECONDS = 1_000;

/** The record of requests for events and of requests for watermarks, which back off independently. */
export interface ReplayState {
  /** Seconds since the last request for events, by the database's clock; null before the first request. */
  readonly eventsRequestAgeSeconds: number | null;
  /** Requests for events since the last progress. */
  readonly eventsAttempts: number;
  /** Start of the newest second in the last request. */
  readonly requestedUntil: Date | null;
  /** Events that were missing in the seconds of the last request, and those that still are. */
  readonly missing: number;
  readonly stillMissing: number;
  /** Events that wait in the outbox. They are among the missing ones, but are not lost. */
  readonly waiting: number;
  /** Seconds since the last request for watermarks; null before the first request. */
  readonly watermarksRequestAgeSeconds: number | null;
  /** Requests for watermarks since the last progress. */
  readonly watermarksAttempts: number;
  readonly measuredAt: Date | null;
  /** Age of the gap in the watermarks; null without a gap. */
  readonly gapSeconds: number | null;
}

/** A second of the ledger that lacks events. */
export interface ShortSecond {
  readonly second: Date;
  readonly committed: number;
  readonly missing: number;
}

export interface EventsRequest {
  readonly seconds: readonly ShortSecond[];
  /** Starts of the first and the last of these seconds. */
  readonly from: Date;
  readonly until: Date;
  readonly missing: number;
  /** Number of attempts before this one. */
  readonly attempts: number;
}

/**
 * Decides which seconds to request now, if any. When all events of the last request have come, the next seconds are due at
 * once. When none has come, they may all wait in the outbox. Then the next request is for the seconds after them, so that
 * waiting events hold back no lost ones.
 */
export function nextEventsRequest(state: ReplayState, short: readonly ShortSecond[]): EventsRequest | undefined {
  const { stillMissing, missing, eventsRequestAgeSeconds, eventsAttempts } = state;
  const attempts = stillMissing < missing ? 0 : eventsAttempts;
  if (stillMissing > 0 && !isDue(eventsRequestAgeSeconds, attempts)) return undefined;
  const seconds = limitEvents(attempts % 2 === 0 ? short : short.slice(0, FEW_SECONDS));
  const [from, until] = [seconds[0]?.second, seconds.at(-1)?.second];
  return (
    from && until && { seconds, from, until, attempts, missing: seconds.reduce((sum, one) => sum + one.missing, 0) }
  );
}

/** Decides whether to request watermarks now. A gap that is younger than the last request shows progress. */
export function nextWatermarksRequest(state: ReplayState): { readonly attempts: number } | undefined {
  const { gapSeconds, watermarksRequestAgeSeconds: ageSeconds, watermarksAttempts } = state;
  if (gapSeconds === null || gapSeconds < GRACE_SECONDS) return undefined;
  const attempts = ageSeconds !== null && gapSeconds < ageSeconds ? 0 : watermarksAttempts;
  return isDue(ageSeconds, attempts) ? { attempts } : undefined;
}

function isDue(requestAgeSeconds: number | null, attempts: number): boolean {
  const waitSeconds = Math.min(MAX_WAIT_SECONDS, GRACE_SECONDS * 2 ** Math.max(0, attempts - 1));
  return requestAgeSeconds === null || requestAgeSeconds >= waitSeconds;
}

/** Takes the first seconds up to MAX_EVENTS events, and one second at least. */
function limitEvents(short: readonly ShortSecond[]): ShortSecond[] {
  let events = 0;
  return short.filter(({ committed }) => {
    events += committed;
    return events === committed || events <= MAX_EVENTS;
  });
}
