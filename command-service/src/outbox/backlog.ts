import type { Tx } from '@tallyline/chassis/postgres/pool';
import { countUnpublished, readOldestUnpublishedAgeSeconds } from './watermark.sql.js';

/** What is committed and not yet confirmed by the broker. */
export interface Backlog {
  readonly waiting: number;
  readonly oldestAgeSeconds: number;
}

/** Counting may take a twentieth of the time: a million waiting events take 0.2 s, and are counted every four. */
const REST_PER_COUNT = 20;

/**
 * Reads the backlog. A count looks at every waiting event, so the last one holds while counting rests; that nothing
 * waits, and since when something does, is always read.
 */
export function createBacklogReader(nowMs = () => performance.now()): (tx: Tx) => Promise<Backlog> {
  let waiting = 0;
  let restsUntilMs = 0;
  return async (tx) => {
    const oldestAgeSeconds = await readOldestUnpublishedAgeSeconds(tx);
    if (oldestAgeSeconds === undefined) return { waiting: 0, oldestAgeSeconds: 0 };
    const startedAtMs = nowMs();
    if (startedAtMs >= restsUntilMs) {
      waiting = await countUnpublished(tx);
      const countedAtMs = nowMs();
      restsUntilMs = countedAtMs + REST_PER_COUNT * (countedAtMs - startedAtMs);
    }
    return { waiting, oldestAgeSeconds };
  };
}
