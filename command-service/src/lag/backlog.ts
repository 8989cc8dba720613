import type { Tx } from '@tallyline/chassis/postgres/pool';
import { countUnpublished, readOldestUnpublishedAgeSeconds } from './watermark.sql.js';

/** Events that are committed and not yet confirmed by the broker. */
export interface Backlog {
  readonly waiting: number;
  readonly oldestAgeSeconds: number;
}

/** A count is followed by a pause of this many times its duration, so that counting takes a twentieth of the time at most. */
const PAUSE_PER_COUNT = 20;

/**
 * Reads the backlog. Counting reads every waiting event, so the last count is used again during the pause. Whether anything
 * waits, and the age of the oldest event, are read each time.
 */
export function createBacklogReader(nowMs = () => performance.now()): (tx: Tx) => Promise<Backlog> {
  let waiting = 0;
  let nextCountAtMs = 0;
  return async (tx) => {
    const oldestAgeSeconds = await readOldestUnpublishedAgeSeconds(tx);
    if (oldestAgeSeconds === undefined) return { waiting: 0, oldestAgeSeconds: 0 };
    const startedAtMs = nowMs();
    if (startedAtMs >= nextCountAtMs) {
      waiting = await countUnpublished(tx);
      const countedAtMs = nowMs();
      nextCountAtMs = countedAtMs + PAUSE_PER_COUNT * (countedAtMs - startedAtMs);
    }
    return { waiting, oldestAgeSeconds };
  };
}
