import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { AnyEvent } from '@tallyline/contracts/events';
import { readEvent } from '@tallyline/contracts/read-event';
import type { ForeignBody } from './read-side.sql.js';

/** Adds foreign events to the facts. Their `n` counts down from `firstN`. */
export async function addForeign(tx: Tx, bodies: readonly ForeignBody[], firstN: number): Promise<void> {
  const rows = bodies.flatMap(({ id, body }, index) => {
    const event = parse(body);
    return event === undefined ? [] : [{ ...event, n: firstN - index, foreignId: id }];
  });
  const values = [JSON.stringify(rows)];
  for (const text of inserts) await tx.query({ text, values });
}

function parse(body: string): AnyEvent | undefined {
  // The consumer ignores a byte order mark, too.
  const read = readEvent(JSON.parse(body.replace(/^\uFEFF/, '')));
  return read.kind === 'event' ? read.event : undefined;
}

const of = (type: string) => `FROM jsonb_array_elements($1::jsonb) AS e WHERE e->>'eventType' = '${type}'`;
const lines = (type: string) => `
  FROM jsonb_array_elements($1::jsonb) AS e, jsonb_array_elements(e->'items') WITH ORDINALITY AS i (item, line)
 WHERE e->>'eventType' = '${type}'`;
const n = "(e->>'n')::bigint";
const productId = "(item->>'productId')::bigint";
const quantity = "(item->>'quantity')::bigint";
const price = "(item->>'price')::numeric";

const inserts = [
  `INSERT INTO seen_products (n, product_id, name, category, price, created_at, event_id, initial_stock, is_applied)
   SELECT ${n}, (e->>'productId')::bigint, e->>'name', e->>'category', (e->>'price')::numeric,
          (e->>'occurredAt')::timestamptz, (e->>'foreignId')::uuid, (e->>'stock')::bigint, true ${of('ProductCreated')}`,
  `INSERT INTO seen_orders (n, order_id, customer_id, total, placed_at, event_id, is_applied)
   SELECT ${n}, (e->>'orderId')::bigint, (e->>'customerId')::bigint, (e->>'total')::numeric,
          (e->>'placedAt')::timestamptz, (e->>'foreignId')::uuid, true ${of('OrderCreated')}`,
  `INSERT INTO seen_order_lines (n, product_id, category, quantity, price, line, is_applied)
   SELECT ${n}, ${productId}, item->>'category', ${quantity}, ${price}, line, true ${lines('OrderCreated')}`,
  `INSERT INTO seen_purchases (n, event_id, branch_id, day, customer_id, total, placed_at, items, is_applied)
   SELECT ${n}, (e->>'foreignId')::uuid, e->>'branchId', (e->>'day')::date, (e->>'userId')::uuid,
          (e->>'total')::numeric, (e->>'occurredAt')::timestamptz,
          (SELECT sum((i->>'quantity')::bigint) FROM jsonb_array_elements(e->'items') i), true ${of('PurchaseCreated')}`,
  `INSERT INTO seen_purchase_lines (n, branch_id, day, product_id, quantity, price, is_applied)
   SELECT ${n}, e->>'branchId', (e->>'day')::date, ${productId}, ${quantity}, ${price}, true ${lines('PurchaseCreated')}`,
];
