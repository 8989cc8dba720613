import type { Tx } from '@tallyline/chassis/postgres/pool';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';
import type { ViewCheck } from './view-check.js';

/**
 * The facts of the write side in temporary tables, which are dropped at the end of the transaction. `is_applied` marks
 * facts whose event the read side has applied. `n` is the id of the row, or a negative number for a foreign event.
 */

export async function createAppliedTable(tx: Tx): Promise<void> {
  await tx.query({ text: "SET LOCAL work_mem = '64MB'" });
  for (const table of ['applied', 'lacked']) {
    await tx.query({ text: `CREATE TEMP TABLE ${table} (event_id UUID PRIMARY KEY) ON COMMIT DROP` });
  }
}

export async function addIds(tx: Tx, table: 'applied' | 'lacked', ids: readonly string[]): Promise<void> {
  await tx.query({ text: `INSERT INTO ${table} SELECT unnest($1::uuid[])`, values: [ids] });
}

/** Inbox and outbox rows of events this old may be deleted. Such events count as applied unless the read side lacks them. */
const mayBePruned = `published_at IS NOT NULL AND created_at < now() - interval '${SAFE_REPLAY_DAYS} days'`;

/** `isOld` is null when the outbox row is deleted, which happens only to old rows. */
const isApplied = (eventId: string, isOld: string) => `
  (EXISTS (SELECT FROM applied a WHERE a.event_id = ${eventId})
   OR (COALESCE(${isOld}, true) AND NOT EXISTS (SELECT FROM lacked s WHERE s.event_id = ${eventId})))`;

const steps = [
  'ANALYZE applied',
  `CREATE TEMP TABLE emitted ON COMMIT DROP AS
     SELECT id AS event_id, topic, ${mayBePruned} AS is_old, (payload->>'stock')::bigint AS stock,
            COALESCE(payload->>'orderId', payload->>'productId')::bigint AS entity
       FROM outbox WHERE topic IN ('order.created', 'product.created')`,
  'ANALYZE emitted',
  `CREATE TEMP TABLE seen_orders ON COMMIT DROP AS
     SELECT o.id AS n, o.id AS order_id, o.customer_id, o.total, o.created_at AS placed_at, t.event_id,
            ${isApplied('t.event_id', 't.is_old')} AS is_applied
       FROM orders o LEFT JOIN emitted t ON t.topic = 'order.created' AND t.entity = o.id`,
  'ANALYZE seen_orders',
  `CREATE TEMP TABLE seen_order_lines ON COMMIT DROP AS
     -- Lines that a service of release 0.2 stores have no category until they are backfilled.
     SELECT o.n, i.product_id, COALESCE(i.category, p.category) AS category, i.quantity::bigint, i.price, i.id AS line,
            o.is_applied
       FROM order_items i JOIN seen_orders o ON o.n = i.order_id JOIN products p ON p.id = i.product_id`,
  `CREATE TEMP TABLE seen_products ON COMMIT DROP AS
     SELECT p.id AS n, p.id AS product_id, p.name, p.category, p.price, p.created_at, t.event_id,
            COALESCE(t.stock, p.stock + (SELECT COALESCE(sum(quantity), 0) FROM order_items i WHERE i.product_id = p.id))::bigint
              AS initial_stock,
            ${isApplied('t.event_id', 't.is_old')} AS is_applied
       FROM products p LEFT JOIN emitted t ON t.topic = 'product.created' AND t.entity = p.id`,
  `CREATE TEMP TABLE seen_purchases ON COMMIT DROP AS
     SELECT p.id AS n, p.event_id, p.branch_id, p.day, p.customer_id, p.total, p.created_at AS placed_at,
            (SELECT count(*) FROM purchase_items i WHERE i.purchase_id = p.id) AS items,
            ${isApplied('p.event_id', 'b.is_old')} AS is_applied
       FROM purchases p LEFT JOIN (SELECT id, ${mayBePruned} AS is_old FROM outbox) b ON b.id = p.event_id`,
  `CREATE TEMP TABLE seen_purchase_lines ON COMMIT DROP AS
     SELECT p.n, p.branch_id, p.day, i.product_id, 1::bigint AS quantity, i.unit_price AS price, p.is_applied
       FROM purchase_items i JOIN seen_purchases p ON p.n = i.purchase_id`,
];

export const gatherSteps = steps.length;

export async function gatherFacts(tx: Tx, onStep: () => void): Promise<void> {
  for (const text of steps) {
    await tx.query({ text });
    onStep();
  }
}

export async function countUnapplied(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ count: number }>({
    text: `SELECT (SELECT count(*) FROM seen_orders WHERE NOT is_applied) + (SELECT count(*) FROM seen_products WHERE NOT is_applied)
                + (SELECT count(*) FROM seen_purchases WHERE NOT is_applied) AS count`,
  });
  return row?.count ?? 0;
}

/** Finds keys with two events, one of them foreign. The row depends on which came first, so it is not compared. */
export async function findContested(tx: Tx, { rowOf }: ViewCheck): Promise<Set<unknown>> {
  if (rowOf === undefined) return new Set();
  const { table, id } = rowOf;
  const rows = await tx.query<{ k: number }>({
    text: `SELECT ${id} AS k FROM ${table} WHERE is_applied GROUP BY ${id} HAVING count(*) > 1`,
  });
  return new Set(rows.map(({ k }) => k));
}
