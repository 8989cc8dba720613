import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { answer, readInput } from '../load-process.js';
import { connectSql } from './sql-client.js';

export interface SqlPurchases {
  readonly writeUrl: string;
  readonly connections: number;
  readonly durationMs: number;
  readonly products: readonly number[];
  /** Keys and receipts are numbered from here on, so that they are unique. */
  readonly first: number;
}

/** Writes the rows of purchases with one transaction of two round trips per purchase, without HTTP and without checks. */
const CLOCK = {
  name: 'clock',
  text: `SELECT date_trunc('milliseconds', clock_timestamp()) AS now, nextval('purchases_id_seq') AS id,
                (SELECT (price * 100)::bigint FROM products WHERE id = $1) AS cents`,
};
const INSERT = {
  name: 'insert',
  text: `WITH customer AS (INSERT INTO customers (id, created_at) VALUES ($2, $3)),
              purchase AS (
                INSERT INTO purchases (id, branch_id, cashier_id, pos_id, receipt_id, customer_id, total, day, idempotency_key,
                                       fingerprint, event_id, created_at)
                VALUES ($1, 'downtown', 'c-17', 'pos-3', $4, $2, $5::bigint * 0.01, $3::date, $6, $7, $8, $3)),
              items AS (INSERT INTO purchase_items (purchase_id, product_id, unit_price) VALUES ($1, $9, $5::bigint * 0.01))
         INSERT INTO outbox (id, topic, payload, traceparent, created_at) VALUES ($8, 'purchase.created', $10, $11, $3)`,
};

const { writeUrl, connections, durationMs, products, first } = readInput<SqlPurchases>();
const clients = await Promise.all(Array.from({ length: connections }, () => connectSql(writeUrl)));
const startedAt = performance.now();
const isOver = () => performance.now() - startedAt >= durationMs;
let unique = first;
let purchases = 0;

async function recordPurchases(client: pg.Client, offset: number): Promise<void> {
  for (let n = offset; !isOver(); n += 1) {
    unique += 1;
    await recordPurchase(client, products[n % products.length] as number, String(unique));
    if (!isOver()) purchases += 1;
  }
}

async function recordPurchase(client: pg.Client, productId: number, receiptId: string): Promise<void> {
  const [, { rows }] = await Promise.all([client.query('BEGIN'), client.query({ ...CLOCK, values: [productId] })]);
  const { now, id, cents } = rows[0];
  const [userId, key] = [randomUUID(), randomUUID()];
  const hex = now.getTime().toString(16).padStart(12, '0');
  const eventId = `${hex.slice(0, 8)}-${hex.slice(8)}-7${randomUUID().slice(15)}`;
  const price = Number(cents) / 100;
  const event = {
    eventId,
    eventType: 'PurchaseCreated',
    occurredAt: now.toISOString(),
    purchaseId: Number(id),
    branchId: 'downtown',
    day: now.toISOString().slice(0, 10),
    cashierId: 'c-17',
    posId: 'pos-3',
    receiptId,
    userId,
    total: price,
    items: [{ productId, quantity: 1, price }],
  };
  const fingerprint = createHash('sha256').update(receiptId).digest();
  const traceparent = `00-${randomUUID().replaceAll('-', '')}-00f067aa0ba902b7-01`;
  const values = [id, userId, now, receiptId, cents, key, fingerprint, eventId, productId, JSON.stringify(event)];
  await Promise.all([client.query({ ...INSERT, values: [...values, traceparent] }), client.query('COMMIT')]);
}

await Promise.all(
  clients.map((client, index) => recordPurchases(client, Math.floor((index / connections) * products.length))),
);
await Promise.all(clients.map((client) => client.end()));
answer({ perSecond: purchases / (durationMs / 1000) });
