import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { OutboxRow } from './outbox-row.js';
import { type Broker, publishRows } from './publish-rows.js';
import type { Sent, Settlement } from './settlement.js';

/**
 * How long the relays leave a row to the writer that has just committed it. A confirm takes some milliseconds; after a
 * crash the row is published this much later.
 */
const LEASE_MS = 2_000;
/** Unanswered rows in memory at most; what is written beyond them waits for a claim. */
const MAX_IN_FLIGHT = 1_000;

/** How writers pass on what they have committed. */
export interface HandOver {
  /** For rows written `now`: when a relay may claim them. Undefined, that is at once, when their writer could not publish. */
  claimableFrom(now: Date): Date | undefined;
  /** Publishes rows straight from memory; call it after their commit. */
  committed(rows: readonly OutboxRow[]): void;
}

export interface RunningHandOver extends HandOver {
  /** Writes down what the broker has answered; returns for how many rows. */
  settle(): Promise<number>;
  /** Resolves when the broker has answered for everything that was handed over. */
  answered(): Promise<void>;
}

export interface HandOverOptions {
  readonly pool: Pool;
  readonly broker: () => Broker | undefined;
  readonly settlement: Settlement;
  /** There is something to claim. */
  readonly wakeRelay: () => void;
  /** The broker has answered: there is something to write. */
  readonly onAnswered: () => void;
}

/**
 * The short way to the broker: no claim, no reading back what was just written. It loses nothing, because the row is
 * there: if the process dies or the broker fails, the lease ends and a relay publishes it, a second time at worst.
 */
export function createHandOver(options: HandOverOptions): RunningHandOver {
  const { pool, broker, settlement, wakeRelay, onAnswered } = options;
  const underWay = new Set<Promise<void>>();
  let inFlight = 0;
  let unsettled: Sent[] = [];

  const publish = async (rows: readonly OutboxRow[]) => {
    inFlight += rows.length;
    // The next group's statements leave first: the database works on them while this takes 20 µs an event.
    await nextTurn();
    const open = broker();
    const sent = open
      ? await publishRows(open, rows)
      : rows.map(({ id, topic }) => ({ id, topic, outcome: 'failed' as const }));
    inFlight -= rows.length;
    unsettled.push(...sent);
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
    settle: async () => {
      const sent = unsettled;
      if (sent.length === 0) return 0;
      unsettled = [];
      try {
        await withTransaction(pool, 'settle handed over', async (tx) => settlement.write(tx, sent));
      } catch (error) {
        unsettled = [...sent, ...unsettled];
        throw error;
      }
      settlement.report(sent);
      if (sent.some(({ outcome }) => outcome === 'failed')) wakeRelay();
      return sent.length;
    },
    answered: async () => void (await Promise.all(underWay)),
  };
}
