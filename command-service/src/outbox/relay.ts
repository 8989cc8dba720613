import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { claimUnpublished } from './outbox.sql.js';
import { type Broker, publishRows } from './publish-rows.js';
import type { Settlement } from './settlement.js';

/** Two of them are under way in a backlog: 2,000 confirms in flight, a tenth faster than 1,000. 4,000 give 3 % more. */
const BATCH_SIZE = 1_000;

export interface RelayOptions {
  readonly pool: Pool;
  /** The connection that is up now; undefined while the broker is away or blocks. */
  readonly broker: () => Broker | undefined;
  readonly settlement: Settlement;
  /** There are more rows than one batch: a second relay may work on them while this one awaits its confirms. */
  readonly onFullClaim?: () => void;
}

export interface Relay {
  /** Claims, publishes and marks one batch. 'busy' when there may be more. Throws when the broker failed messages. */
  runOnce(): Promise<'busy' | 'idle'>;
}

/**
 * Publishes what no writer does: what was written while the broker was away, what a dead writer left, what is to be
 * published again. The claim is a row lock held until the rows are marked: a relay that dies releases it, and another
 * claims the same rows.
 */
export function createRelay({ pool, broker, settlement, onFullClaim }: RelayOptions): Relay {
  return {
    runOnce: async () => {
      const open = broker();
      if (open === undefined) return 'idle';
      const sent = await withTransaction(pool, 'relay outbox', async (tx) => {
        const rows = await claimUnpublished(tx, BATCH_SIZE);
        if (rows.length === BATCH_SIZE) onFullClaim?.();
        const sent = await publishRows(open, rows);
        settlement.write(tx, sent);
        return sent;
      });
      settlement.report(sent);
      const failed = sent.filter(({ outcome }) => outcome === 'failed').length;
      if (failed > 0) throw new Error(`the broker did not confirm ${failed} of ${sent.length} events`);
      return sent.length === BATCH_SIZE ? 'busy' : 'idle';
    },
  };
}
