import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { OutboxRow } from './emit.js';
import { type Broker, type PublishResult, type PublishResults, publishRows } from './publish-results.js';

/**
 * How long relays leave a row to the process that has just committed it. A confirm takes a few milliseconds. If the process
 * crashes, the row is published this much later.
 */
const LEASE_MS = 2_000;
/** At most this many rows in memory wait for confirms. Further rows wait in the outbox for a relay. */
const MAX_IN_FLIGHT = 1_000;

export interface HandOver {
  /** Returns when a relay may claim rows that are written `now`: undefined, for at once, if they cannot be handed over. */
  claimableFrom(now: Date): Date | undefined;
  /** Publishes rows from memory. Call it after their commit. */
  committed(rows: readonly OutboxRow[]): void;
}

export interface RunningHandOver extends HandOver {
  /** Records the publish results since the last call; returns how many there were. */
  recordResults(): Promise<number>;
  /** Resolves when the broker has answered for everything that was handed over. */
  answered(): Promise<void>;
}

export interface HandOverOptions {
  readonly pool: Pool;
  readonly broker: () => Broker | undefined;
  readonly publishResults: PublishResults;
  /** Called when there are rows for a relay to claim. */
  readonly wakeRelay: () => void;
  /** Called when there are publish results to record. */
  readonly onAnswered: () => void;
}

/**
 * Publishes committed rows straight from memory, so that no relay has to claim and read them. Nothing can be lost: if the
 * process dies or the broker fails, the lease ends and a relay publishes the row, for a second time at worst.
 */
export function createHandOver(options: HandOverOptions): RunningHandOver {
  const { pool, broker, publishResults, wakeRelay, onAnswered } = options;
  const underWay = new Set<Promise<void>>();
  let inFlight = 0;
  let unrecorded: PublishResult[] = [];

  const publish = async (rows: readonly OutboxRow[]) => {
    inFlight += rows.length;
    // The next group's statements are sent first, so the database works on them while these events are encoded.
    await nextTurn();
    const open = broker();
    const results = open
      ? await publishRows(open, rows)
      : rows.map(({ id, topic }) => ({ id, topic, outcome: 'failed' as const }));
    inFlight -= rows.length;
    unrecorded.push(...results);
    onAnswered();
  };

  return {
    claimableFrom: (now) =>
      broker() !== undefined && inFlight < MAX_IN_FLIGHT ? new Date(now.getTime() + LEASE_MS) : undefined,
    committed: (rows) => {
      const leased = rows.filter(({ retryAt }) => retryAt !== undefined);
      if (leased.length < rows.length) wakeRelay();
      if (leased.length === 0) return;
      const publishing = publish(leased).finally(() => underWay.delete(publishing));
      underWay.add(publishing);
    },
    recordResults: async () => {
      const results = unrecorded;
      if (results.length === 0) return 0;
      unrecorded = [];
      try {
        await withTransaction(pool, 'record publish results', async (tx) => publishResults.record(tx, results));
      } catch (error) {
        unrecorded = [...results, ...unrecorded];
        throw error;
      }
      publishResults.report(results);
      if (results.some(({ outcome }) => outcome === 'failed')) wakeRelay();
      return results.length;
    },
    answered: async () => void (await Promise.all(underWay)),
  };
}
