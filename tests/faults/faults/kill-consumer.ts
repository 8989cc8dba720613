import { within } from '@tallyline/local/testing/within';
import type { Fault } from '../fault.js';

/** The statement that applies a batch; it is a transaction by itself. */
const BATCH = 'apply-new-events';

const beforeCommit: Fault = {
  name: 'kill-consumer-before-commit',
  strike: async ({ world }) => {
    const victim = world.one('consumer-service');
    const caught = await within(10, 'a batch', victim.database.trap({ hold: `> Bind ${BATCH}` }));
    await victim.process.kill();
    caught.drop();
    await world.kill(victim);
    await world.start('consumer-service');
    return { proof: `killed at "${caught.label}"` };
  },
};

/** The consumer dies between its commit and its acknowledgement, so the whole batch is delivered again. */
const beforeAck: Fault = {
  name: 'kill-consumer-before-ack',
  strike: async ({ world }) => {
    const victim = world.one('consumer-service');
    const trap = victim.database.trap({ after: `> Bind ${BATCH}`, hold: '< Complete' });
    const commit = await within(10, 'the answer to a batch', trap);
    const acked = victim.broker.trap({ hold: '> ack' });
    commit.release();
    const ack = await within(10, 'an ack', acked);
    await victim.process.kill();
    ack.drop();
    await world.kill(victim);
    const next = await world.start('consumer-service');
    const duplicates = await within(10, 'a redelivery', redelivery(next.process.log));
    return { proof: `killed at "${ack.label}"; the next consumer got ${duplicates} events again` };
  },
};

async function redelivery(log: readonly { readonly msg: string }[]): Promise<number> {
  for (;;) {
    for (const line of log) {
      const { duplicates } = line as { duplicates?: number };
      if (duplicates !== undefined && duplicates > 0) return duplicates;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const killConsumer: readonly Fault[] = [beforeCommit, beforeAck];
