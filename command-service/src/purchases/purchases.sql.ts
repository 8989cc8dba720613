import type { Tx } from '@tallyline/chassis/postgres';
import type { EarlierPurchase, Purchase } from './decide-purchase.js';

export async function readClock(tx: Tx): Promise<Date> {
  const [row] = await tx.query<{ now: Date }>({
    name: 'read-clock',
    text: "SELECT date_trunc('milliseconds', clock_timestamp()) AS now",
  });
  if (row === undefined) throw new Error('the clock was not read');
  return row.now;
}

export async function takePurchaseId(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ id: number }>({
    name: 'take-purchase-id',
    text: "SELECT nextval('purchases_id_seq') AS id",
  });
  if (row === undefined) throw new Error('no purchase id was taken');
  return row.id;
}

/** Purchases stored under the same key, or under the same receipt of the same branch. */
export function findEarlier(tx: Tx, { requestKey, branchId, receiptId }: Purchase): Promise<EarlierPurchase[]> {
  return tx.query({
    name: 'find-earlier-purchases',
    text: `SELECT id AS "purchaseId", customer_id AS "userId", receipt_id AS "receiptId",
                  (total * 100)::bigint AS "totalCents", event_id AS "eventId", idempotency_key AS key, fingerprint
             FROM purchases WHERE idempotency_key = $1 OR (branch_id = $2 AND receipt_id = $3)`,
    values: [requestKey.key, branchId, receiptId],
  });
}

/** Which of the products exist, and whether the customer does. */
export async function findKnown(
  tx: Tx,
  productIds: readonly number[],
  userId: string | undefined,
): Promise<{ productIds: Set<number>; customer: boolean }> {
  const [products, customers] = await Promise.all([
    tx.query<{ id: number }>({
      name: 'find-products',
      text: 'SELECT id FROM products WHERE id = ANY($1::bigint[])',
      values: [productIds],
    }),
    tx.query({ name: 'find-customer', text: 'SELECT FROM customers WHERE id = $1', values: [userId ?? null] }),
  ]);
  return { productIds: new Set(products.map(({ id }) => id)), customer: customers.length > 0 };
}

export interface NewPurchase {
  readonly id: number;
  readonly userId: string;
  readonly newCustomer: boolean;
  readonly totalCents: number;
  readonly day: string;
  readonly eventId: string;
  readonly createdAt: Date;
}

/**
 * Stores a purchase, its items and its new customer. False when its key or receipt is taken: a second request that comes
 * at the same moment waits here for the first one's commit, and is then told of it.
 */
export async function insertPurchase(tx: Tx, purchase: Purchase, stored: NewPurchase): Promise<boolean> {
  const inserted = await tx.query({
    name: 'insert-purchase',
    text: `
      WITH purchase AS (
        INSERT INTO purchases (id, branch_id, cashier_id, pos_id, receipt_id, customer_id, total, day, idempotency_key,
                               fingerprint, event_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7::bigint * 0.01, $8, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING RETURNING id
      ), customer AS (
        INSERT INTO customers (id, created_at) SELECT $6, $12 FROM purchase WHERE $13::boolean
      ), items AS (
        INSERT INTO purchase_items (purchase_id, product_id, unit_price)
        SELECT id, product_id, cents * 0.01
          FROM purchase, unnest($14::bigint[], $15::bigint[]) AS item (product_id, cents)
      )
      SELECT FROM purchase`,
    values: [
      stored.id,
      purchase.branchId,
      purchase.cashierId,
      purchase.posId,
      purchase.receiptId,
      stored.userId,
      stored.totalCents,
      stored.day,
      purchase.requestKey.key,
      purchase.requestKey.fingerprint,
      stored.eventId,
      stored.createdAt,
      stored.newCustomer,
      purchase.items.map(({ productId }) => productId),
      purchase.items.map(({ priceCents }) => priceCents),
    ],
  });
  return inserted.length > 0;
}
