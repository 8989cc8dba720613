import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { amountOf } from '@tallyline/contracts/money';
import { claimKeys, storeResults } from '../idempotency/idempotency.sql.js';
import type { KeyConflict, RequestKey } from '../idempotency/idempotency-key.js';
import type { HandOver } from '../outbox/hand-over.js';
import { insertOutboxRow } from '../outbox/outbox.sql.js';
import { type OutboxRow, outboxRow } from '../outbox/outbox-row.js';
import { insertProduct, type NewProduct } from './products.sql.js';

const KEY_SCOPE = 'products';

export interface CreatedProduct {
  readonly productId: number;
  readonly eventId: string;
}

export type CreateProductAnswer =
  | { readonly kind: KeyConflict }
  | { readonly result: CreatedProduct; readonly replayed: boolean };

/** Stores a product and the event that tells of it, in one transaction, and hands the event over. */
export async function createProduct(
  pool: Pool,
  handOver: HandOver,
  product: NewProduct,
  { traceparent, requestKey }: { traceparent: string; requestKey: RequestKey | undefined },
): Promise<CreateProductAnswer> {
  const work = async (tx: Tx): Promise<{ answer: CreateProductAnswer; events: readonly OutboxRow[] }> => {
    const [claim] = await claimKeys<CreatedProduct>(tx, KEY_SCOPE, [requestKey]);
    if (claim?.kind === 'done') return { answer: { result: claim.result, replayed: true }, events: [] };
    if (claim !== undefined && claim.kind !== 'new') return { answer: claim, events: [] };

    const { id, createdAt } = await insertProduct(tx, product);
    const { name, category, priceCents, stock } = product;
    const facts = { productId: id, name, category, price: amountOf(priceCents), stock };
    const row = outboxRow('ProductCreated', facts, createdAt, traceparent, {
      retryAt: handOver.claimableFrom(createdAt),
    });
    const result = { productId: id, eventId: row.id };
    const results = requestKey ? [{ ...requestKey, result }] : [];
    tx.commitBehind([insertOutboxRow(row), ...storeResults(KEY_SCOPE, results)]);
    return { answer: { result, replayed: false }, events: [row] };
  };
  const { answer, events } = await withTransaction(pool, 'create product', work);
  handOver.committed(events);
  return answer;
}
