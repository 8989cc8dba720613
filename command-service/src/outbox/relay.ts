import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { claimUnpublished } from './outbox.sql.js';
import { type Broker, type PublishResults, publishRows } from './publish-results.js';

/** The most rows that a relay claims at once. Larger batches were hardly faster. */
const BATCH_SIZE = 1_000;

export interface RelayOptions {
  readonly pool: Pool;
  /** The open connection. Undefined while the broker is unreachable or blocks publishers. */
  readonly broker: () => Broker | undefined;
  readonly publishResults: PublishResults;
  /** Called when a batch is full: a second relay can claim further rows while this one waits for its confirms. */
  readonly onFullClaim?: () => void;
}

export interface Relay {
  /** Claims, publishes and marks one batch. Returns 'busy' when there may be more rows. Throws when publishing fails. */
  runOnce(): Promise<'busy' | 'idle'>;
}

/**
 * Publishes the rows that were not handed over: rows written while the broker was unreachable, rows left by a process that
 * died, and rows that are to be published again. A claim is a row lock that is held until the rows are marked. If a relay
 * dies, its locks end, and another relay claims the same rows.
 */
export function createRelay({ pool, broker, publishResults, onFullClaim }: RelayOptions): Relay {
  return {
    runOnce: async () => {
      const open = broker();
      if (open === undefined) return 'idle';
      const results = await withTransaction(pool, 'relay outbox', async (tx) => {
        const rows = await claimUnpublished(tx, BATCH_SIZE);
        if (rows.length === BATCH_SIZE) onFullClaim?.();
        const results = await publishRows(open, rows);
        publishResults.record(tx, results);
        return results;
      });
      publishResults.report(results);
      const failed = results.filter(({ outcome }) => outcome === 'failed').length;
      if (failed > 0) throw new Error(`the broker did not confirm ${failed} of ${results.length} events`);
      return results.length === BATCH_SIZE ? 'busy' : 'idle';
    },
  };
}
