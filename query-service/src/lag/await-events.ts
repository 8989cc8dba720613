import { setTimeout as delay } from 'node:timers/promises';
import { readByKey } from '@tallyline/chassis/batching/read-by-key';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { ConsistencyState } from '@tallyline/contracts/consistency';

/** The first query is nearly always too early. This pause leaves the processor to the services that bring the event. */
const FIRST_PAUSE_MS = 1;
/** Most events are in the views within this time, so until then one query follows the other without a pause. */
const EAGER_FOR_MS = 15;
/** Later the pauses grow with the wait, as a share of it: an event is seen soon, and a long wait costs few queries. */
const PAUSE_SHARE = 0.1;
const MAX_PAUSE_MS = 10;

interface EventState {
  readonly id: string;
  readonly state: ConsistencyState;
}

const IN_THE_VIEWS = `SELECT event_id AS id, 'included' AS state FROM processed_events WHERE event_id = ANY($1::uuid[])`;

/** Nearly all events are here after some milliseconds, so the queries that follow each other without a pause read nothing else. */
const appliedEvents = { name: 'applied-events', text: IN_THE_VIEWS };

/** Every place that an event can be in. An event that is in the views is included, even if a copy of it is a dead letter. */
const eventStates = {
  name: 'event-states',
  text: `SELECT event_id AS id, 'set-aside' AS state FROM dead_letters WHERE event_id = ANY($1::uuid[])
         UNION ALL
         SELECT event_id, 'parked' FROM parked_events WHERE event_id = ANY($1::uuid[])
         UNION ALL
         ${IN_THE_VIEWS}`,
};

/** The states of events that the views will not include soon. */
const LACKING = ['set-aside', 'parked'] as const;

/** Resolves when all events are in the views, when one is a dead letter or parked, or when the time is over. */
export type AwaitEvents = (
  eventIds: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<ConsistencyState>;

/**
 * Looks for each event in the inbox instead of comparing positions, because events may overtake each other. One query at a
 * time serves all requests that wait.
 */
export function createAwaitEvents(db: Queryable): AwaitEvents {
  const ofApplied = readByKey<string, EventState>(db, appliedEvents, ({ id }) => id);
  const ofAny = readByKey<string, EventState>(db, eventStates, ({ id }) => id);
  return async (eventIds, timeoutMs, signal) => {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const waitedMs = performance.now() - startedAt;
      const isLast = waitedMs >= timeoutMs || signal.aborted;
      const rows = await Promise.all(eventIds.map(isLast || waitedMs >= EAGER_FOR_MS ? ofAny : ofApplied));
      for (const state of LACKING) if (rows.some((row) => row?.state === state)) return state;
      if (rows.every((row) => row !== undefined)) return 'included';
      if (isLast) return 'pending';
      if (attempt === 1) await delay(FIRST_PAUSE_MS);
      else if (waitedMs >= EAGER_FOR_MS) await delay(Math.min(waitedMs * PAUSE_SHARE, MAX_PAUSE_MS));
    }
  };
}
