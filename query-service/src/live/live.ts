import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { readSyncStatus } from '../lag/sync-status.js';
import { readBranchBoards } from '../queries/branch-boards.js';
import { readDailySales } from '../queries/daily-sales.js';
import { createSalesToday, type ReadSalesToday } from '../queries/minute-sales.js';
import { readTopSellers } from '../queries/top-sellers.js';
import { createPoller } from './poller.js';

/** Completed days change only when an event comes very late; 43,200 minutes are not added up every second for that. */
export const DAYS_INTERVAL_MS = 30_000;

export interface Live {
  readonly readSalesToday: ReadSalesToday;
  /** Sends every part that is known now, and each that changes from now on. Returns how to stop. */
  listen(listener: Listener): () => void;
  readonly listeners: () => number;
  /** Ends every stream. */
  stop(): Promise<void>;
}

export interface Listener {
  /** One server-sent event, ready to write; the same bytes go to every page. */
  send(event: Buffer): void;
  end(): void;
}

/** The page's numbers, read once for all pages that look at them, and not at all while none does. */
export function createLive(db: Queryable, timeZone: string, log: Logger): Live {
  const readSalesToday = createSalesToday(db, timeZone);
  const listeners = new Set<Listener>();
  const known = new Map<string, Buffer>();
  let isStopped = false;
  const poller = createPoller({
    log,
    sources: {
      freshness: { intervalMs: 1_000, read: () => readSyncStatus(db) },
      today: { intervalMs: 1_000, read: () => readSalesToday(), compared: ({ asOf, ...rest }) => rest },
      top: { intervalMs: 2_000, read: () => readTopSellers(db) },
      branches: { intervalMs: 2_000, read: () => readBranchBoards(db) },
      days: { intervalMs: DAYS_INTERVAL_MS, read: () => readDailySales(db, timeZone) },
    },
    onChange: (name, data) => {
      const event = Buffer.from(`event: ${name}\ndata: ${data}\n\n`);
      known.set(name, event);
      for (const listener of listeners) listener.send(event);
    },
    // "In sync" of before an outage was told to every page that came during it.
    onLoss: (name) => known.delete(name),
  });

  return {
    readSalesToday,
    listeners: () => listeners.size,
    listen: (listener) => {
      // A page that was ended comes back after 2 s, which may be while the last reads are waited for.
      if (isStopped) {
        listener.end();
        return () => undefined;
      }
      if (listeners.size === 0) poller.start();
      else for (const event of known.values()) listener.send(event);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        poller.pause();
        // What is known now will be old when the next page comes.
        known.clear();
      };
    },
    stop: async () => {
      isStopped = true;
      for (const listener of listeners) listener.end();
      listeners.clear();
      await poller.stop();
    },
  };
}
