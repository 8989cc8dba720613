import type { Mutant } from '../mutant.js';

const subscription = 'consumer-service/src/subscription/subscription.ts';
const applyBatch = 'consumer-service/src/inbox/apply-batch.ts';
const subscriptionTest = 'consumer-service/src/subscription/subscription.int.test.ts';
const applyBatchTest = 'consumer-service/src/inbox/apply-batch.int.test.ts';

/** Bugs that lose a delivery or apply it twice. */
export const deliveryBugs: readonly Mutant[] = [
  {
    name: 'ack-before-commit',
    bug: 'deliveries are acknowledged before the transaction that applies them',
    changes: [
      {
        file: subscription,
        from: '    const { rejected, kept } = await applyDeliveries(',
        to: '    for (const { message } of batch.deliveries) session.channel.ack(message);\n    const { rejected, kept } = await applyDeliveries(',
      },
      {
        file: subscription,
        from: '    else if (last !== undefined) session.channel.ack(last.message, true);\n',
        to: '    else void last;\n',
      },
    ],
    caughtBy: {
      file: subscriptionTest,
      name: 'messages return to their queue when the consumer stops before its commit',
    },
  },
  {
    name: 'requeue-unreadable',
    bug: 'a message that cannot be read goes back into its queue',
    changes: [
      {
        file: subscription,
        from: '    else if (last !== undefined) session.channel.ack(last.message, true);\n',
        to: `    else if (last !== undefined) for (const { message, content } of batch.deliveries) {
      if (content().kind === 'dead-letter') session.channel.nack(message, false, true);
      else session.channel.ack(message);
    }
`,
      },
    ],
    caughtBy: {
      file: subscriptionTest,
      name: 'an unreadable message moves to its dead-letter queue once, and the others of its batch are applied',
    },
  },
  {
    name: 'dedup-apart',
    bug: 'events are recorded in the inbox in an earlier transaction than the one that applies them',
    changes: [
      { file: applyBatch, from: 'if (ids.length > 0 &&', to: 'if (ids.length < 0 &&' },
      {
        file: applyBatch,
        from: `  const { ledgerSource, ...applied } = await withTransaction(pool, 'apply batch', (tx) =>
    applyInTransaction(tx, batch, known, into),
  );`,
        to: `  const recorded = await withTransaction(pool, 'record events', (tx) => insertNewEvents(tx, [...new Set(ids)]));
  const { ledgerSource, ...applied } = await withTransaction(pool, 'apply batch', (tx) =>
    applyInTransaction(tx, batch, known, into, recorded),
  );`,
      },
      {
        file: applyBatch,
        from: '  into: readonly View[] = views,\n): Promise<Applied &',
        to: '  into: readonly View[] = views,\n  recorded?: Set<string>,\n): Promise<Applied &',
      },
      {
        file: applyBatch,
        from: '    insertNewEvents(tx, unarchived),\n',
        to: '    recorded ?? insertNewEvents(tx, unarchived),\n',
      },
    ],
    caughtBy: { file: applyBatchTest, name: 'an event that fails to reach its views is not recorded as applied' },
  },
  {
    name: 'ignore-dedup-count',
    bug: 'every event of a batch counts as new, whatever the insert into the inbox reported',
    changes: [
      {
        file: applyBatch,
        from: '[...eventOf.values()].filter(({ id }) => newIds.has(id))',
        to: '[...eventOf.values()].filter(({ id }) => newIds.has(id) || true)',
      },
    ],
    caughtBy: {
      file: applyBatchTest,
      name: 'an event that comes again, in its batch or in a later one, is applied once',
    },
  },
  {
    name: 'apply-known-as-new',
    bug: 'a batch is applied as if all its events were new, although one of them is known',
    changes: [
      {
        file: 'consumer-service/src/inbox/inbox.sql.ts',
        from: 'UNION ALL SELECT event_id FROM parked_events WHERE event_id = ANY($1::uuid[])`',
        to: 'ON CONFLICT DO NOTHING`',
      },
    ],
    caughtBy: {
      file: applyBatchTest,
      name: 'an event that comes again, in its batch or in a later one, is applied once',
    },
  },
  {
    name: 'forgotten-parked-event',
    bug: 'an event that is newer than the consumer is acknowledged and not parked',
    changes: [
      {
        file: applyBatch,
        from: 'batch.parked?.map(ofLedgerSource) ?? []',
        to: 'batch.parked?.slice(0, 0).map(ofLedgerSource) ?? []',
      },
    ],
    caughtBy: {
      file: 'consumer-service/src/parked-events/apply-parked.int.test.ts',
      name: 'a parked event that this release knows is applied and archived as if it had just been delivered',
    },
  },
];
