import type { Mutant } from '../mutant.js';

const settlement = 'command-service/src/outbox/settlement.ts';
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
        file: settlement,
        from: "markPublished(ids('confirmed'))",
        to: 'markPublished(sent.map(({ id }) => id))',
      },
    ],
    caughtBy: {
      file: relayTest,
      name: 'only what was confirmed and not returned is marked; the rest stays for a later claim',
    },
  },
  {
    name: 'lease-for-ever',
    bug: 'a relay never claims a row that its writer did not publish',
    changes: [{ file: handOver, from: 'const LEASE_MS = 2_000;', to: 'const LEASE_MS = 2_000_000_000;' }],
    caughtBy: { file: handOverTest, name: 'what a writer does not get to publish is claimed when its lease has ended' },
  },
  {
    name: 'hand-over-unconfirmed',
    bug: 'events of a hand-over count as confirmed before the broker has answered',
    changes: [
      {
        file: handOver,
        from: '    const sent = open\n      ? await publishRows(open, rows)\n      : rows',
        to: "    if (open) void publishRows(open, rows);\n    const sent = open\n      ? rows.map(({ id, topic }) => ({ id, topic, outcome: 'confirmed' as const }))\n      : rows",
      },
    ],
    caughtBy: {
      file: handOverTest,
      name: 'a committed event goes to the broker without a claim, and is marked when the broker has confirmed it',
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
    caughtBy: { file: relayTest, name: 'a transaction that commits late, behind newer ids, is relayed' },
  },
];
