import type { Queryable, Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { OutboxRow } from '../outbox/emit.js';
import { eventValues, insertEventSql } from '../outbox/outbox.sql.js';
import type { EarlierPurchase, Purchase } from './decide-purchase.js';

export async function takePurchaseId(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ id: number }>({
    name: 'take-purchase-id',
    text: "SELECT nextval('purchases_id_seq') AS id",
  });
  if (row === undefined) throw new Error('the database returned no purchase id');
  return row.id;
}

/** Finds purchases with the same key, or with the same receipt of the same branch. */
export function findEarlier(db: Queryable, { requestKey, branchId, receiptId }: Purchase): Promise<EarlierPurchase[]> {
  return db.query({
    name: 'find-earlier-purchases',
    text: `SELECT id AS "purchaseId", customer_id AS "userId", receipt_id AS "receiptId",
                  (total * 100)::bigint AS "totalCents", event_id AS "eventId", idempotency_key AS key, fingerprint
             FROM purchases WHERE idempotency_key = $1 OR (branch_id = $2 AND receipt_id = $3)`,
    values: [requestKey.key, branchId, receiptId],
  });
}

/** Finds out which of the products exist, and whether the customer does. */
export async function findKnown(
  tx: Tx,
  productIds: readonly number[],
  userId: string | undefined,
): Promise<{ productIds: Set<number>; customer: boolean }> {
  const [row] = await tx.query<{ productIds: number[]; customer: boolean }>({
    name: 'find-known',
    text: `SELECT to_json(ARRAY(SELECT id FROM products WHERE id = ANY($1::bigint[]))) AS "productIds",
                  EXISTS (SELECT FROM customers WHERE id = $2) AS customer`,
    values: [productIds, userId ?? null],
  });
  return { productIds: new Set(row?.productIds), customer: row?.customer ?? false };
}

const PURCHASE_COLUMNS =
  'id, branch_id, cashier_id, pos_id, receipt_id, customer_id, total, day, idempotency_key, fingerprint, event_id, created_at';
const CUSTOMER_COLUMNS = 'id, created_at';
const ITEM_COLUMNS = 'purchase_id, product_id, unit_price';

/** The storage check runs these statements to see whether a purchase could be stored. They store nothing. */
export const purchaseStatements: readonly Statement[] = Object.entries({
  purchases: PURCHASE_COLUMNS,
  customers: CUSTOMER_COLUMNS,
  purchase_items: ITEM_COLUMNS,
}).map(([table, columns]) => ({
  name: `insert-no-${table}`,
  text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`,
}));

export interface NewPurchase {
  readonly id: number;
  readonly userId: string;
  readonly newCustomer: boolean;
  readonly totalCents: number;
  readonly day: string;
  readonly event: OutboxRow;
}

const INSERT_PURCHASE = `
  WITH purchase AS (
    INSERT INTO purchases (${PURCHASE_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7::bigint * 0.01, $8, $9, $10, $11, $12)
    ON CONFLICT DO NOTHING RETURNING id
  ), customer AS (
    INSERT INTO customers (${CUSTOMER_COLUMNS}) SELECT $6, $12 FROM purchase WHERE $13::boolean
  ), items AS (
    INSERT INTO purchase_items (${ITEM_COLUMNS})
    SELECT id, product_id, cents * 0.01
      FROM purchase, unnest($14::bigint[], $15::bigint[]) AS item (product_id, cents)
  ), event AS (
    ${insertEventSql(16, 'FROM purchase')}
  )
  SELECT FROM purchase`;

/**
 * Stores a purchase, its items, its new customer and its event. If its key or its receipt is taken, it stores nothing and
 * returns no row. A second request that comes at the same moment waits here until the first has committed.
 */
export function insertPurchase(purchase: Purchase, stored: NewPurchase): Statement {
  return {
    name: 'insert-purchase',
    text: INSERT_PURCHASE,
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
      stored.event.id,
      stored.event.createdAt,
      stored.newCustomer,
      purchase.items.map(({ productId }) => productId),
      purchase.items.map(({ priceCents }) => priceCents),
      ...eventValues(stored.event),
    ],
  };
}
