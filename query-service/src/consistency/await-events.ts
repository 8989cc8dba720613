import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Queryable } from '@tallyline/chassis/postgres';
import type { ConsistencyState } from '@tallyline/contracts/consistency';

/** An event is in the views 3 to 10 ms after its commit: so long one look follows the other, and then they are few. */
const EAGER_FOR_MS = 15;
const POLL_MS = 10;

export interface AwaitEvents {
  /** Resolves when all are in the views, when one was set aside, or when the time is over. */
  awaitEvents(eventIds: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<ConsistencyState>;
}

/**
 * Waits by membership in `processed_events`, not by position: events may overtake each other. However many requests
 * wait, one query asks for all of them.
 */
export function createAwaitEvents(db: Queryable): AwaitEvents {
  const wanted = new Map<string, number>();
  let states: Promise<Map<string, ConsistencyState>> | undefined;

  const readStates = async () => {
    await nextTurn();
    states = undefined; // whoever comes from here on is not in this query, and starts the next
    const rows = await db.query<{ id: string; state: ConsistencyState }>({
      name: 'event-states',
      text: `SELECT event_id AS id, 'included' AS state FROM processed_events WHERE event_id = ANY($1::uuid[])
             UNION ALL
             SELECT event_id, 'set-aside' FROM dead_letters WHERE event_id = ANY($1::uuid[])`,
      values: [[...wanted.keys()]],
    });
    return new Map(rows.map(({ id, state }) => [id, state]));
  };
  const sharedStates = () => {
    states ??= readStates();
    return states;
  };

  return {
    awaitEvents: async (eventIds, timeoutMs, signal) => {
      const startedAt = performance.now();
      for (const id of eventIds) wanted.set(id, (wanted.get(id) ?? 0) + 1);
      try {
        for (;;) {
          const known = await sharedStates();
          const ours = eventIds.map((id) => known.get(id) ?? 'pending');
          if (ours.includes('set-aside')) return 'set-aside';
          if (!ours.includes('pending')) return 'included';
          const waitedMs = performance.now() - startedAt;
          if (waitedMs >= timeoutMs || signal.aborted) return 'pending';
          if (waitedMs >= EAGER_FOR_MS) await delay(POLL_MS);
        }
      } finally {
        for (const id of eventIds) {
          const waiting = (wanted.get(id) ?? 1) - 1;
          if (waiting === 0) wanted.delete(id);
          else wanted.set(id, waiting);
        }
      }
    },
  };
}
