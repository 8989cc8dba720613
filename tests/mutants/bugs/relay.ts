import type { Mutant } from '../mutant.js';

const relay = 'command-service/src/outbox/relay.ts';
const claim = 'command-service/src/outbox/outbox.sql.ts';
const relayTest = 'command-service/src/outbox/relay.int.test.ts';

/** Bugs between the outbox and the broker. */
export const relayBugs: readonly Mutant[] = [
  {
    name: 'mark-before-confirm',
    bug: 'the relay marks its rows as published before the broker has answered',
    changes: [
      {
        file: relay,
        from: '        const outcomes = await open.publishAll(rows.map(eventMessage));\n',
        to: '        await markPublished(tx, idsOf(rows));\n        const outcomes = await open.publishAll(rows.map(eventMessage));\n',
      },
    ],
    caughtBy: {
      file: relayTest,
      name: 'only what was confirmed and not returned is marked; the rest stays for a later claim',
    },
  },
  {
    name: 'not-mandatory',
    bug: 'events are published without `mandatory`, so one that no queue takes counts as sent',
    changes: [{ file: 'chassis/src/publisher.ts', from: 'mandatory: true', to: 'mandatory: false' }],
    caughtBy: {
      file: 'chassis/src/publisher.int.test.ts',
      name: 'a message that no queue takes is told from its neighbours, though the broker confirms it, too',
    },
  },
  {
    name: 'claim-by-last-id',
    bug: 'the relay claims rows with an id above the last one it saw',
    changes: [
      {
        file: claim,
        from: `export function claimUnpublished(tx: Tx, limit: number): Promise<ClaimedRow[]> {
  return tx.query({`,
        to: `let lastId = '00000000-0000-0000-0000-000000000000';

export async function claimUnpublished(tx: Tx, limit: number): Promise<ClaimedRow[]> {
  const rows = await tx.query<ClaimedRow>({`,
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
