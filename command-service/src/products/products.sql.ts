import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import { EVENT_TIME, type EventTime } from '../outbox/event-time.sql.js';

export interface NewProduct {
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
  readonly stock: number;
}

/** A product whose row is locked. `stock` is what is left: it goes down as the orders of a group are accepted. */
export interface LockedProduct {
  readonly category: string;
  readonly priceCents: number;
  stock: number;
}

const COLUMNS = 'name, category, price, stock, created_at';

/** The storage check runs this statement to see whether a product could be stored. The statement stores nothing. */
export const productsStatement: Statement = {
  name: 'insert-no-product',
  text: `INSERT INTO products (${COLUMNS}) SELECT ${COLUMNS} FROM products WHERE false`,
};

/** Stores a product, and returns its id and the time of its event. */
export async function insertProduct(tx: Tx, product: NewProduct): Promise<{ id: number; createdAt: EventTime }> {
  const [row] = await tx.query<{ id: number; createdAt: EventTime }>({
    name: 'insert-product',
    text: `INSERT INTO products (${COLUMNS})
           VALUES ($1, $2, $3::bigint * 0.01, $4, ${EVENT_TIME})
           RETURNING id, created_at AS "createdAt"`,
    values: [product.name, product.category, product.priceCents, product.stock],
  });
  if (row === undefined) throw new Error('INSERT INTO products returned no row');
  return row;
}

/**
 * Locks products in the order of their ids, so that two groups cannot wait for each other. The lock is NO KEY UPDATE,
 * because the foreign keys of other groups' order lines take KEY SHARE on the same rows and would wait for FOR UPDATE.
 */
export async function lockProducts(tx: Tx, ids: readonly number[]): Promise<Map<number, LockedProduct>> {
  const rows = await tx.query<{ id: number } & LockedProduct>({
    name: 'lock-products',
    text: `SELECT id, category, (price * 100)::bigint AS "priceCents", stock
             FROM products WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [ids],
  });
  return new Map(rows.map(({ id, ...product }) => [id, product]));
}
