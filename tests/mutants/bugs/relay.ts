import type { Mutant } from '../mutant.js';

const publishResults = 'command-service/src/outbox/publish-results.ts';
const handOver = 'command-service/src/outbox/hand-over.ts';
const claim = 'command-service/src/outbox/outbox.sql.ts';
const relayTest = 'command-service/src/outbox/relay.int.test.ts';
const handOverTest = 'command-service/src/outbox/hand-over.int.test.ts';

/** Bugs that lose an event on its way from the outbox to the broker. */
export const relayBugs: readonly Mutant[] = [
  {
    name: 'mark-unconfirmed',
    bug: 'rows are marked as published whatever the broker answered',
    changes: [
      {
        file: publishResults,
        from: "markPublished(ids('confirmed'))",
        to: 'markPublished(results.map(({ id }) => id))',
      },
    ],
    caughtBy: {
      file: relayTest,
      name: 'marks confirmed events only, and leaves the rest for a later claim',
    },
  },
  {
    name: 'lease-for-ever',
    bug: 'a relay never claims a row that its writer did not publish',
    changes: [{ file: handOver, from: 'const LEASE_MS = 2_000;', to: 'const LEASE_MS = 2_000_000_000;' }],
    caughtBy: { file: handOverTest, name: 'lets a relay claim an event when its lease has ended' },
  },
  {
    name: 'hand-over-unconfirmed',
    bug: 'events of a hand-over count as confirmed before the broker has answered',
    changes: [
      {
        file: handOver,
        from: '    const results = open\n      ? await publishRows(open, rows)\n      : rows',
        to: "    if (open) void publishRows(open, rows);\n    const results = open\n      ? rows.map(({ id, topic }) => ({ id, topic, outcome: 'confirmed' as const }))\n      : rows",
      },
    ],
    caughtBy: {
      file: handOverTest,
      name: 'publishes a committed event without a claim, and marks it once the broker has confirmed it',
    },
  },
  {
    name: 'not-mandatory',
    bug: 'events are published without `mandatory`, so an event that no queue takes counts as published',
    changes: [{ file: 'chassis/src/broker/publisher.ts', from: 'mandatory: true', to: 'mandatory: false' }],
    caughtBy: {
      file: 'chassis/src/broker/publisher.int.test.ts',
      name: 'reports a message that no queue takes as returned, although the broker confirms it',
    },
  },
  {
    name: 'claim-by-last-id',
    bug: 'the relay claims only rows with an id above the last one that it saw',
    changes: [
      {
        file: claim,
        from: `export function claimUnpublished(tx: Tx, limit: number): Promise<PublishableRow[]> {
  return tx.query({`,
        to: `let lastId = '00000000-0000-0000-0000-000000000000';

export async function claimUnpublished(tx: Tx, limit: number): Promise<PublishableRow[]> {
  const rows = await tx.query<PublishableRow>({`,
      },
      {
        file: claim,
        from: 'WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())',
        to: 'WHERE id > $2 AND published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())',
      },
      {
        file: claim,
        from: `    values: [limit],
  });
`,
        to: `    values: [limit, lastId],
  });
  lastId = rows.at(-1)?.id ?? lastId;
  return rows;
`,
      },
    ],
    caughtBy: { file: relayTest, name: 'publishes the events of a transaction that commits after newer ids' },
  },
];
