import { amountOf } from '@tallyline/contracts/money';
import { claimKeys, storeResults } from '../idempotency/idempotency.sql.js';
import type { KeyConflict, RequestKey } from '../idempotency/idempotency-key.js';
import { emit, type WriteDatabase, withEvents } from '../outbox/emit.js';
import { insertOutboxRow } from '../outbox/outbox.sql.js';
import { insertProduct, type NewProduct } from './products.sql.js';

const KEY_SCOPE = 'products';

export interface CreatedProduct {
  readonly productId: number;
  readonly eventId: string;
}

export type CreateProductAnswer =
  | { readonly kind: KeyConflict }
  | { readonly result: CreatedProduct; readonly replayed: boolean };

/** Stores a product and emits its event, in one transaction. */
export function createProduct(
  database: WriteDatabase,
  product: NewProduct,
  { traceparent, requestKey }: { traceparent: string; requestKey: RequestKey | undefined },
): Promise<CreateProductAnswer> {
  return withEvents(database, 'create product', async (tx): Promise<CreateProductAnswer> => {
    const [claim] = await claimKeys<CreatedProduct>(tx, KEY_SCOPE, [requestKey]);
    if (claim?.kind === 'done') return { result: claim.result, replayed: true };
    if (claim !== undefined && claim.kind !== 'new') return claim;

    const { id, createdAt } = await insertProduct(tx, product);
    const { name, category, priceCents, stock } = product;
    const facts = { productId: id, name, category, price: amountOf(priceCents), stock };
    const event = emit(tx, createdAt, { type: 'ProductCreated', facts, traceparent });
    const result = { productId: id, eventId: event.id };
    tx.commitBehind([insertOutboxRow(event)]);
    if (requestKey) tx.commitBehind([storeResults(KEY_SCOPE, [{ ...requestKey, result }])]);
    return { result, replayed: false };
  });
}
