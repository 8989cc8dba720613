/** A deliberate bug: what it changes, and who must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Text that must be there once, and what stands in its place. */
  readonly edits: readonly (readonly [from: string, to: string])[];
  /** A fault of the campaign, or a test file. */
  readonly caughtBy: { readonly fault: string } | { readonly test: string };
}

export const mutants: readonly Mutant[] = [
  {
    name: 'mark before confirm',
    file: 'command-service/src/outbox/relay.ts',
    edits: [
      [
        'const outcomes = await open.publishAll(rows.map(eventMessage));',
        "void open.publishAll(rows.map(eventMessage));\n        const outcomes = rows.map((): PublishOutcome => 'confirmed');",
      ],
    ],
    caughtBy: { fault: 'binding-removed' },
  },
  {
    name: 'ack before commit',
    file: 'consumer-service/src/subscription.ts',
    edits: [
      ['    await applyDeliveries(', '    session.channel.ack(last.message, true);\n    await applyDeliveries('],
      ['    if (link.session() === session) session.channel.ack(last.message, true);\n', ''],
    ],
    caughtBy: { fault: 'kill-consumer-before-commit' },
  },
  {
    name: 'no mandatory',
    file: 'chassis/src/publisher.ts',
    edits: [['mandatory: true', 'mandatory: false']],
    caughtBy: { fault: 'binding-removed' },
  },
  {
    name: 'claim by id > last',
    file: 'command-service/src/outbox/outbox.sql.ts',
    edits: [
      [
        'export function claimUnpublished(tx: Tx, limit: number): Promise<ClaimedRow[]> {\n  return tx.query({',
        "let last = '00000000-0000-0000-0000-000000000000';\nexport async function claimUnpublished(tx: Tx, limit: number): Promise<ClaimedRow[]> {\n  const rows = await tx.query<ClaimedRow>({",
      ],
      ['WHERE published_at IS NULL AND (', 'WHERE id > $2 AND published_at IS NULL AND ('],
      [
        '    values: [limit],\n  });\n',
        '    values: [limit, last],\n  });\n  last = rows.at(-1)?.id ?? last;\n  return rows;\n',
      ],
    ],
    caughtBy: { fault: 'binding-removed' },
  },
  {
    name: 'dedup outside the transaction',
    file: 'consumer-service/src/inbox/apply-batch.ts',
    edits: [
      [
        "return withTransaction(pool, 'apply batch', (tx) => applyInTransaction(tx, batch));",
        `return withTransaction(pool, 'dedup', (tx) => insertNewEvents(tx, batch.events.map(({ id }) => id))).then((ids) =>
    withTransaction(pool, 'apply batch', (tx) => applyInTransaction(tx, batch, ids)),
  );`,
      ],
      [
        'export async function applyInTransaction(tx: Tx, { events, poison, watermarks }: Batch): Promise<Applied> {',
        'export async function applyInTransaction(tx: Tx, { events, poison, watermarks }: Batch, newBefore?: Set<string>): Promise<Applied> {',
      ],
      ['Promise.all([insertNewEvents(tx, ids),', 'Promise.all([newBefore ?? insertNewEvents(tx, ids),'],
    ],
    caughtBy: { fault: 'kill-consumer-before-commit' },
  },
  {
    name: 'ignore the dedup row count',
    file: 'consumer-service/src/inbox/apply-batch.ts',
    edits: [['[...byId.values()].filter(({ id }) => newIds.has(id));', '[...byId.values()];']],
    caughtBy: { fault: 'delivered-up-to-five-times' },
  },
  {
    name: 'requeue poison',
    file: 'consumer-service/src/inbox/apply-deliveries.ts',
    edits: [
      [
        'if (message) await sendToDeadLetters(publisher, message, letter);',
        `if (message && letter.queue === '') await sendToDeadLetters(publisher, message, letter);
    const again = message && { ...message.properties, messageId: letter.id };
    if (message && again) await publisher.publish({ exchange: '', routingKey: letter.queue, body: message.content, properties: again });`,
      ],
    ],
    caughtBy: { fault: 'poison-of-each-kind' },
  },
  {
    name: 'unsorted upserts',
    file: 'consumer-service/src/projections/projection.ts',
    edits: [['[...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(', '[...rows].map(']],
    caughtBy: { test: 'consumer-service/src/projections/projection.unit.test.ts' },
  },
  {
    name: 'count per line, not per order',
    file: 'consumer-service/src/projections/product-sales.ts',
    edits: [
      [
        'of new Set(event.items.map((item) => item.productId))) deltaOf',
        'of event.items.map((item) => item.productId)) deltaOf',
      ],
    ],
    caughtBy: { fault: 'kill-query-service' },
  },
  {
    name: 'release the key outside the transaction',
    file: 'command-service/src/orders/place-order.ts',
    edits: [
      [
        '    tx.commitBehind([storeResults(tx, KEY_SCOPE, keyed)]);',
        `    const later = () => withTransaction(pool, 'release keys', (own) => storeResults(own, KEY_SCOPE, keyed)).catch(() => 0);
    setTimeout(later, 50);`,
      ],
    ],
    caughtBy: { fault: 'kill-command-after-commit' },
  },
];
