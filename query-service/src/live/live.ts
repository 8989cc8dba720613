import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { readSyncStatus } from '../lag/sync-status.js';
import { readBranchBoards } from '../queries/branch-boards.js';
import { readDailySales } from '../queries/daily-sales.js';
import { createSalesToday, type ReadSalesToday } from '../queries/minute-sales.js';
import { readTopSellers } from '../queries/top-sellers.js';
import { createPoller } from './poller.js';

/** Completed days change only when an event comes very late, and reading them adds up 30 days of minutes. */
export const DAYS_INTERVAL_MS = 30_000;

export interface Live {
  readonly readSalesToday: ReadSalesToday;
  /** Sends every known part now and each part that changes later. Returns a function that stops the sending. */
  listen(listener: Listener): () => void;
  readonly listeners: () => number;
  /** Ends every stream. */
  stop(): Promise<void>;
}

export interface Listener {
  /** Sends one server-sent event, ready to write. The same bytes go to every page. */
  send(event: Buffer): void;
  end(): void;
}

/** Reads the page's numbers once for all open pages, and not at all while no page is open. */
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
    // A page that opens during an outage must not get the "in sync" from before the outage.
    onLoss: (name) => known.delete(name),
  });

  return {
    readSalesToday,
    listeners: () => listeners.size,
    listen: (listener) => {
      // A page whose stream has ended reconnects after 2 s, when the last reads may still be under way.
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
        // These numbers will be old when the next page opens.
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
